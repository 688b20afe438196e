//! A drawing as points, for those who cannot take SVG. Its letters are DejaVu Sans, which comes with the programme, so that
//! a file is the same wherever it is made.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Points for each unit of a drawing: enough for paper.
const SCALE: f32 = 2.0;
/// Most points to a side.
const SIDE_MAX: f32 = 8_000.0;

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in [
        dejavu::sans::regular(),
        dejavu::sans::bold(),
        dejavu::serif::bold(),
    ] {
        fonts.load_font_data(font.to_vec());
    }
    Arc::new(fonts)
});

/// A PNG file of an SVG document; `None` for one that cannot be read or is too large.
pub(crate) fn png_file(svg: &str) -> Option<Vec<u8>> {
    let options = Options {
        fontdb: Arc::clone(&FONTS),
        font_family: "DejaVu Sans".to_owned(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).ok()?;
    let (width, height) = (tree.size().width() * SCALE, tree.size().height() * SCALE);
    if !(width <= SIDE_MAX && height <= SIDE_MAX) {
        return None;
    }
    let mut points = Pixmap::new(whole(width), whole(height))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut points.as_mut());
    points.encode_png().ok()
}

/// The next whole number of a length that is not above [`SIDE_MAX`].
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held against its limits before"
)]
fn whole(length: f32) -> u32 {
    length.ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::png_file;

    #[test]
    fn letters_become_points() {
        let drawn = |text: &str| {
            let svg = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"40\">\
                 <text x=\"4\" y=\"24\" font-size=\"16\">{text}</text></svg>"
            );
            png_file(&svg).unwrap()
        };
        let (written, empty) = (drawn("Vårdnära Åäö"), drawn(""));
        assert!(written.starts_with(b"\x89PNG") && written.len() > empty.len() + 500);
        assert_eq!(written, drawn("Vårdnära Åäö"), "the same each time");
    }

    #[test]
    fn what_is_no_drawing_or_too_large_is_none() {
        assert_eq!(png_file("<svg"), None);
        let large = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"5000\" height=\"10\"/>";
        assert_eq!(png_file(large), None);
    }
}
