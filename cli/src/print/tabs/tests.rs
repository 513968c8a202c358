//! Columns.

use super::*;

#[test]
fn aligns() {
    let cases = [
        ("", SECTION, ""),
        ("plain\n", SECTION, "plain\n"),
        ("a\tb\nlonger\tc\n", SECTION, "a       b\nlonger  c\n"),
        ("a\tb\n", TABLE, "a     b\n"),
        // A line without the column ends the run.
        ("a\tb\nline\nlonger\tc\n", SECTION, "a  b\nline\nlonger  c\n"),
        // The last cell has no column.
        ("a\tvery long\nb\tc\td\n", SECTION, "a  very long\nb  c  d\n"),
        ("Empty:\t\n", SECTION, "Empty:  \n"),
        // Characters are counted, not bytes.
        ("∞\tx\nab\ty\n", SECTION, "∞   x\nab  y\n"),
    ];
    for (text, layout, want) in cases {
        assert_eq!(align(text, layout), want, "{text:?}");
    }
}
