//! The style sheet, the script and the mark of the pages, as files of their own. Their names hold their digest, so
//! that they may be kept for good.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// How the pages look.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "style",
        "css",
        "text/css; charset=utf-8",
        concat!(
            include_str!("assets/style.css"),
            include_str!("assets/chart.css"),
            include_str!("assets/analysis.css")
        ),
    )
});
/// What makes them answer at once; without it they answer when a form is sent.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "script",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("assets/script.js"),
    )
});
/// The mark.
pub(crate) static MARK: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark", "svg", "image/svg+xml", include_str!("assets/mark.svg")));

/// A file of the pages.
pub(crate) struct Asset {
    name: String,
    /// Its type.
    pub(crate) content_type: &'static str,
    /// What it holds.
    pub(crate) content: &'static str,
}

impl Asset {
    fn new(name: &str, ending: &str, content_type: &'static str, content: &'static str) -> Self {
        Self {
            name: format!("{name}-{}.{ending}", digest(content.as_bytes())),
            content_type,
            content,
        }
    }

    /// Its address.
    pub(crate) fn path(&self) -> String {
        format!("/static/{}", self.name)
    }
}

/// The file of that name.
pub(crate) fn named(name: &str) -> Option<&'static Asset> {
    [&*STYLE, &*SCRIPT, &*MARK]
        .into_iter()
        .find(|asset| asset.name == name)
}

/// The first 16 hexadecimal digits of SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
