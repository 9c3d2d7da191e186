//! The document is checked in: who changes the API sees what changes for its callers.

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[test]
fn the_checked_in_document_is_the_one_that_is_served() {
    let snapshot = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
    assert!(
        snapshot == api::routes::document(),
        "api/openapi.json is not what the API serves: broadside-api openapi > api/openapi.json"
    );
}
