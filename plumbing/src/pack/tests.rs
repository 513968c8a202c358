//! What is packed comes back as it was, and is small if it is like the others.

use proptest::prelude::*;

use super::Packer;

proptest! {
    #[test]
    fn texts_come_back(dictionary in proptest::collection::vec(any::<u8>(), 0..2_000), text in proptest::collection::vec(any::<u8>(), 0..5_000)) {
        let packer = Packer::new(&dictionary);
        prop_assert_eq!(packer.unpack(&packer.pack(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn rubbish_is_an_error(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let packer = Packer::new(b"rubbish");
        if let Ok(plain) = packer.unpack(&text) {
            prop_assert!(plain.is_empty() || text.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]), "only a frame may be read");
        }
    }
}

#[test]
fn what_is_like_the_others_is_small() {
    let text = |name: &str| (0..50).map(|line| format!("the {line}th line of what they all have in common; ")).collect::<String>() + name;
    let packer = Packer::new(text("a").as_bytes());
    assert!(packer.pack(text("another").as_bytes()).unwrap().len() < 60);
}
