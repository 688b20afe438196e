//! The permission that each method declares in its proto.

/// `(method path, permission)` for every method of every service; an empty permission is a defect that a test finds.
pub const METHODS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/permissions.rs"));

#[cfg(test)]
mod tests {
    use super::METHODS;

    #[test]
    fn every_method_declares_a_permission() {
        assert!(METHODS.len() > 20, "only {} methods found", METHODS.len());
        let bare: Vec<_> = METHODS
            .iter()
            .filter(|(_, permission)| permission.is_empty())
            .collect();
        assert!(bare.is_empty(), "methods without a permission: {bare:?}");
    }

    #[test]
    fn permissions_are_named_area_dot_verb() {
        for (method, permission) in METHODS {
            let parts: Vec<_> = permission.split('.').collect();
            assert_eq!(parts.len(), 2, "{method}: {permission}");
            assert!(
                parts
                    .iter()
                    .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
            );
        }
    }
}
