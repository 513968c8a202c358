//! Who decides where the data is.

use super::*;

#[test]
fn the_nearest_word_counts() {
    let all = Environment { ebb_home: Some("/e".into()), xdg_state_home: Some("/x".into()), home: Some("/h".into()) };
    let cases = [
        (Some("/f"), all.clone(), "/f"),
        (None, all.clone(), "/e"),
        (None, Environment { ebb_home: None, ..all.clone() }, "/x/ebb"),
        (None, Environment { ebb_home: None, xdg_state_home: None, ..all }, "/h/.local/state/ebb"),
    ];
    for (flag, environment, want) in cases {
        assert_eq!(resolve(flag.map(PathBuf::from), environment).expect(want), PathBuf::from(want));
    }
    assert!(resolve(None, Environment::default()).is_err());
}
