//! Columns: text with tabs becomes text with aligned columns, by the rules of Go's tabwriter, which kn uses.
//!
//! A cell ends at a tab, so the last cell of a line belongs to no column. A column is as wide as its widest cell in a run
//! of neighbouring lines that have it. This module must not know what is in the cells.

/// How columns are laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// No column is narrower.
    pub narrowest: usize,
    /// Space after the widest cell.
    pub padding: usize,
}

/// Tables of lists.
pub const TABLE: Layout = Layout { narrowest: 6, padding: 3 };
/// Descriptions.
pub const SECTION: Layout = Layout { narrowest: 0, padding: 2 };

/// Aligns the columns of a text; every line ends in a newline.
#[must_use]
pub fn align(text: &str, layout: Layout) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|_| Vec::new()).collect();
    measure(&lines, 0, layout, &mut widths);
    lines.iter().zip(&widths).map(|(line, widths)| render(line, widths)).collect()
}

/// Widths of a column for each run of lines that have it, then of the columns to its right within the run.
fn measure(lines: &[Vec<&str>], column: usize, layout: Layout, widths: &mut [Vec<usize>]) {
    let has_it = |line: &Vec<&str>| line.len() > column + 1;
    let mut start = 0;
    while start < lines.len() {
        let run = lines[start..].iter().take_while(|line| has_it(line)).count();
        if run == 0 {
            start += 1;
            continue;
        }
        let lines = &lines[start..start + run];
        let widths = &mut widths[start..start + run];
        let widest = lines.iter().map(|line| line[column].chars().count() + layout.padding).max().unwrap_or(0);
        for line in widths.iter_mut() {
            line.push(widest.max(layout.narrowest));
        }
        measure(lines, column + 1, layout, widths);
        start += run;
    }
}

fn render(line: &[&str], widths: &[usize]) -> String {
    let mut out = String::new();
    for (index, cell) in line.iter().enumerate() {
        out.push_str(cell);
        if let Some(width) = widths.get(index) {
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests;
