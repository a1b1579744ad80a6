//! The rules of the scene, twice: as a policy says them, and as a person would
//! check them by hand.

/// What the door is given.
pub(crate) const RULES: &str = "
  allow:
  - {from: [web, edge], http: [GET /public/**, 'POST /public/*', 'GET /live/{room}']}
  - {from: [web, edge], http: [POST /shop.Cart/Add, 'POST /shop.Stock/**', PUT /]}
  deny:
  - {from: [web, edge], http: [/public/secret/**, POST /shop.Stock/Drop, 'DELETE /**']}
";

pub(crate) const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE"];

/// Paths as segments; nothing else is asked for.
pub(crate) const PATHS: &[&[&str]] = &[
    &[],
    &["public"],
    &["public", "a"],
    &["public", "a", "b"],
    &["public", "secret"],
    &["public", "secret", "a"],
    &["publicity"],
    &["live", "room-1"],
    &["live", "room-1", "x"],
    &["live"],
    &["shop.Cart", "Add"],
    &["shop.Cart", "Remove"],
    &["shop.Stock", "List"],
    &["shop.Stock", "Drop"],
    &["admin"],
];

/// Whether the rules let it happen.
pub(crate) fn allows(method: &str, path: &[&str]) -> bool {
    let denied = match path {
        ["public", "secret", ..] => true,
        ["shop.Stock", "Drop"] => method == "POST",
        _ => method == "DELETE",
    };
    let allowed = matches!(
        (method, path),
        ("GET", ["public", ..] | ["live", _])
            | ("POST", ["public", _] | ["shop.Cart", "Add"] | ["shop.Stock", ..])
            | ("PUT", [])
    );
    allowed && !denied
}
