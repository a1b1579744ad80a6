//! What the rules of the court mean, written a second time and without a line
//! of the product: prefixes of segments, compared as text.

/// Whose rules a request meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judge {
    /// Everything may be done but what lies under `/admin`.
    Barred,
    /// Nothing may be done but what lies under `/public`.
    Listed,
    /// The same, before an app to which `%2F` is a letter.
    Kept,
}

impl Judge {
    /// Who judges what has no escaped slash in it.
    pub(crate) const ALL: [Self; 2] = [Self::Barred, Self::Listed];

    /// The service whose rules these are.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Barred => "barred",
            Self::Listed => "listed",
            Self::Kept => "kept",
        }
    }

    /// Whether a path in its plain form may be asked for.
    pub(crate) fn allows(self, plain: &str) -> bool {
        let path = plain.split('?').next().unwrap();
        let first = path.split('/').nth(1).unwrap();
        let name = first.split(';').next().unwrap();
        match self {
            Self::Barred => name != "admin",
            Self::Listed | Self::Kept => name == "public",
        }
    }
}

#[test]
fn the_judges_can_say_both() {
    for (path, barred, listed) in [
        ("/admin", false, false),
        ("/admin/x;y?z", false, false),
        ("/admin;x=1", false, false),
        ("/administrator", true, false),
        ("/public?/../admin", true, true),
        ("/", true, false),
    ] {
        assert_eq!((Judge::Barred.allows(path), Judge::Listed.allows(path)), (barred, listed));
    }
}
