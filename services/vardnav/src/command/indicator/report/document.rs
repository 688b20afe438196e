//! A document as blocks, and the two forms in which it is written: one HTML file with everything in it, and Markdown with
//! pictures beside it. What it says is decided by whoever makes the blocks.

use std::fmt::Write as _;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{self, Drawn};

/// Style of the HTML document: for screens and paper, light and dark.
const STYLE: &str = include_str!("document.css");
/// Letters from which on a cell of a table is read as text.
const TEXT_FROM: usize = 60;

/// A document.
pub(super) struct Document {
    pub(super) title: String,
    /// What it is and what it rests on, under the title.
    pub(super) subtitle: String,
    pub(super) blocks: Vec<Block>,
}

/// A part of a document.
pub(super) enum Block {
    /// A heading below the title, with the id that links lead to; level 2 or 3.
    Heading(u8, String, String),
    Text(String),
    /// A warning that nobody may miss.
    Warning(String),
    /// What stands in the margin of the subject: sources, definitions.
    Small(String),
    List(Vec<String>),
    Table(Table),
    Picture(Picture),
}

/// A table: the first column names the row.
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A picture: what it shows in words, and the name of its file.
pub(super) struct Picture {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) drawn: Box<dyn Drawn>,
}

impl Document {
    /// One HTML file.
    pub(super) fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="sv" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a class="skip" href="#content" { "Till innehållet" }
                    header { h1 { (self.title) } p class="lead" { (self.subtitle) } }
                    nav aria-label="Innehåll" {
                        h2 { "Innehåll" }
                        ol {
                            @for (id, text) in self.headings() { li { a href={ "#" (id) } { (text) } } }
                        }
                    }
                    main id="content" {
                        @for block in &self.blocks { (in_html(block)) }
                    }
                }
            }
        };
        page.into_string()
    }

    /// The main headings with their ids.
    fn headings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Heading(2, id, text) => Some((id.as_str(), text.as_str())),
            _ => None,
        })
    }

    /// Markdown; pictures are named in `folder`, where they are not written by themselves.
    pub(super) fn markdown(&self, folder: &str) -> String {
        let mut text = format!("# {}\n\n{}\n", plain(&self.title), plain(&self.subtitle));
        for block in &self.blocks {
            // Writing into a text does not fail.
            let _ = write!(text, "\n{}\n", in_markdown(block, folder));
        }
        text
    }

    /// The pictures as files, by name.
    pub(super) fn pictures(&self) -> impl Iterator<Item = (String, String)> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Picture(picture) => {
                let file = chart::as_file(picture.drawn.as_ref(), &picture.title);
                Some((file_name(picture), file.into_string()))
            }
            _ => None,
        })
    }
}

fn file_name(picture: &Picture) -> String {
    format!("{}.svg", picture.name)
}

fn in_html(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Heading(2, id, text) => { h2 id=(id) { (text) } }
            Block::Heading(_, id, text) => { h3 id=(id) { (text) } }
            Block::Text(text) => { p { (text) } }
            Block::Warning(text) => { p class="warning" { strong { (text) } } }
            Block::Small(text) => { p class="small" { (text) } }
            Block::List(items) => { ul { @for item in items { li { (item) } } } }
            Block::Table(table) => (table_in_html(table)),
            Block::Picture(picture) => {
                figure { (chart::on_page(picture.drawn.as_ref())) figcaption { (picture.title) } }
            }
        }
    }
}

fn table_in_html(table: &Table) -> Markup {
    html! {
        div class="wide-table" tabindex="0" role="region" aria-label=(table.caption) {
            table {
                caption { (table.caption) }
                thead { tr { @for column in &table.columns { th scope="col" { (column) } } } }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (at, cell) in row.iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td class=[is_text(cell).then_some("text")] { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a cell is too long for a figure with its unit, and is read as text.
fn is_text(cell: &str) -> bool {
    cell.chars().count() > TEXT_FROM
}

fn in_markdown(block: &Block, folder: &str) -> String {
    match block {
        Block::Heading(level, _, text) => format!("{} {}", "#".repeat(usize::from(*level)), plain(text)),
        Block::Text(text) | Block::Small(text) => plain(text),
        Block::Warning(text) => format!("> **{}**", plain(text)),
        Block::List(items) => {
            let items: Vec<String> = items.iter().map(|item| format!("- {}", plain(item))).collect();
            items.join("\n")
        }
        Block::Table(table) => table_in_markdown(table),
        Block::Picture(picture) => {
            format!("![{}]({folder}/{})", plain(&picture.title), file_name(picture))
        }
    }
}

fn table_in_markdown(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, _)| if at == 0 { "---" } else { "---:" });
    let rule: Vec<&str> = rule.collect();
    let mut lines = vec![
        format!("**{}**\n", plain(&table.caption)),
        line(&table.columns),
        format!("| {} |", rule.join(" | ")),
    ];
    lines.extend(table.rows.iter().map(|row| line(row)));
    lines.join("\n")
}

/// A text in which nothing is a sign of Markdown, on one line.
fn plain(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => {
                told.push('\\');
                told.push(letter);
            }
            '\n' | '\r' => told.push(' '),
            letter => told.push(letter),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document {
            title: "År <1>".to_owned(),
            subtitle: "a | b".to_owned(),
            blocks: vec![
                Block::Heading(2, "one".to_owned(), "Ett & två".to_owned()),
                Block::Table(Table {
                    caption: "Tal".to_owned(),
                    columns: vec!["Län".to_owned(), "Värde".to_owned()],
                    rows: vec![vec!["Skåne|".to_owned(), "1,0".to_owned()]],
                }),
                Block::Picture(Picture {
                    name: "one".to_owned(),
                    title: "Bild".to_owned(),
                    drawn: Box::new(chart::Course::default()),
                }),
            ],
        }
    }

    #[test]
    fn texts_are_texts_in_both_forms() {
        let html = document().html();
        assert!(html.contains("År &lt;1&gt;") && html.contains("href=\"#one\""));
        assert!(html.contains("<th scope=\"row\">Skåne|</th><td>1,0</td>"));
        let markdown = document().markdown("bilder");
        assert!(markdown.starts_with("# År \\<1\\>\n\na \\| b\n"));
        assert!(markdown.contains("\n| Skåne\\| | 1,0 |\n") && markdown.contains("![Bild](bilder/one.svg)"));
        assert_eq!(document().pictures().count(), 1);
    }
}
