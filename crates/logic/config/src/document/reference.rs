//! Names of other documents inside a document: short within the own
//! namespace, `namespace/name` across.

use model::{Label, ServiceName};

use crate::problem::{At, Log};
use crate::read;
use crate::tree::Node;

/// Words that mean something else where a caller's name may stand.
pub(crate) const RESERVED: [&str; 2] = ["anyone", "anonymous"];

/// Reads `name` or `namespace/name`.
pub(crate) fn reference(
    namespace: &Label,
) -> impl Fn(&Node, &mut Log) -> Option<At<ServiceName>> + '_ {
    move |node, log| {
        let At { value: given, place } = read::text(node, log)?;
        match ServiceName::parse_in(&given, namespace) {
            Ok(value) => Some(At { value, place }),
            Err(error) => {
                log.error(place, format!("`{given}` is no name of a service: {error}"));
                None
            }
        }
    }
}

/// The shortest text that [`reference`] reads back in `namespace`.
pub(crate) fn written_in(namespace: &Label, name: &ServiceName) -> String {
    let is_taken = RESERVED.contains(&name.name.as_str());
    if name.namespace == *namespace && !is_taken {
        return name.name.to_string();
    }
    format!("{}/{}", name.namespace, name.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_in_its_namespace() {
        let shop: Label = "shop".parse().unwrap();
        for text in ["shop/orders", "default/orders", "shop/anyone", "other/x"] {
            let name: ServiceName = text.parse().unwrap();
            let written = written_in(&shop, &name);
            assert_eq!(ServiceName::parse_in(&written, &shop).unwrap(), name);
            assert!(!RESERVED.contains(&written.as_str()));
        }
    }
}
