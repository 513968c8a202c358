//! Errors and their hints.

use super::*;

#[test]
fn hints_at_the_command() {
    let cases = [
        ("it broke", "Error: it broke\nRun 'ebb --help' for usage\n"),
        ("error: it broke", "Error: it broke\nRun 'ebb --help' for usage\n"),
        ("Error: a\nError: b", "Error: a\nError: b\nRun 'ebb --help' for usage\n"),
        (
            "unknown flag: --x for 'ebb service create'",
            "Error: unknown flag: --x for 'ebb service create'\nRun 'ebb service create --help' for usage\n",
        ),
        ("update the 'ebb' client", "Error: update the 'ebb' client\nRun 'ebb --help' for usage\n"),
    ];
    for (message, want) in cases {
        assert_eq!(error_text(message), want);
    }
}
