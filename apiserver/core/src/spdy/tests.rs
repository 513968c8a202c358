//! Frames there and back, in pieces of any size, and bytes that are no frames.

use bytes::{BufMut, BytesMut};
use proptest::prelude::*;

use super::*;

fn head() -> impl Strategy<Value = Head> {
    proptest::collection::vec(("[a-z-]{1,12}", ".{0,40}"), 0..5)
}

fn frame() -> impl Strategy<Value = Frame> {
    let number = 0_u32..0x7fff_ffff;
    prop_oneof![
        (number.clone(), any::<bool>(), head()).prop_map(|(stream, last, head)| Frame::Open { stream, last, head }),
        (number.clone(), any::<bool>(), head()).prop_map(|(stream, last, head)| Frame::Reply { stream, last, head }),
        (number.clone(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..300)).prop_map(|(stream, last, data)| Frame::Data {
            stream,
            last,
            data: data.into()
        }),
        (number, any::<u32>()).prop_map(|(stream, status)| Frame::Reset { stream, status }),
        any::<u32>().prop_map(Frame::Ping),
        Just(Frame::GoAway),
    ]
}

/// Puts pieces of the same data frame together again.
fn joined(frames: Vec<Frame>) -> Vec<Frame> {
    let mut out: Vec<Frame> = Vec::new();
    let mut open = false;
    for frame in frames {
        if let (true, Some(Frame::Data { last, data, .. }), Frame::Data { last: end, data: more, .. }) = (open, out.last_mut(), &frame) {
            (*last, *data) = (*end, [data.as_ref(), more.as_ref()].concat().into());
            continue;
        }
        open = false;
        out.push(frame);
    }
    out
}

proptest! {
    #[test]
    fn what_is_written_is_read(frames in proptest::collection::vec(frame(), 0..8)) {
        let (mut encoder, mut out) = (Encoder::default(), BytesMut::new());
        frames.iter().for_each(|frame| encoder.write(frame, &mut out));
        let (mut decoder, mut read) = (Decoder::default(), Vec::new());
        while let Some(frame) = decoder.next(&mut out).unwrap() {
            read.push(frame);
        }
        prop_assert_eq!(joined(read), frames);
        prop_assert!(out.is_empty());
    }

    #[test]
    fn it_does_not_matter_how_bytes_are_cut(frames in proptest::collection::vec(frame(), 1..5), cut in 1_usize..40) {
        let (mut encoder, mut out) = (Encoder::default(), BytesMut::new());
        frames.iter().for_each(|frame| encoder.write(frame, &mut out));
        let (mut decoder, mut input) = (Decoder::default(), BytesMut::new());
        let (mut heads, mut bytes, mut ends) = (0, 0, 0);
        for piece in out.chunks(cut) {
            input.put_slice(piece);
            while let Some(frame) = decoder.next(&mut input).unwrap() {
                match frame {
                    Frame::Data { data, last, .. } => { bytes += data.len(); ends += usize::from(last); }
                    _ => heads += 1,
                }
            }
        }
        let data = |frame: &&Frame| matches!(frame, Frame::Data { .. });
        let length: usize = frames.iter().map(|frame| if let Frame::Data { data, .. } = frame { data.len() } else { 0 }).sum();
        let last = frames.iter().filter(|frame| matches!(frame, Frame::Data { last: true, .. })).count();
        prop_assert_eq!((heads, bytes, ends), (frames.iter().filter(|frame| !data(frame)).count(), length, last));
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (mut decoder, mut input) = (Decoder::default(), BytesMut::from(bytes.as_slice()));
        while let Ok(Some(_)) = decoder.next(&mut input) {}
    }
}

#[test]
fn the_dictionary_is_the_protocols() {
    let dictionary = dictionary::dictionary();
    let sum = dictionary.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    assert_eq!((dictionary.len(), sum.1 << 16 | sum.0), (1_423, 0xe3c6_a7c2));
}

#[test]
fn a_long_frame_comes_in_pieces_and_ends_once() {
    let data = Bytes::from(vec![7; 100_000]);
    let mut wire = BytesMut::new();
    wire.put_u32(5);
    wire.put_u32(0x0100_0000 | 100_000);
    wire.put_slice(&data);
    let mut decoder = Decoder::default();
    let mut lengths = Vec::new();
    while let Some(Frame::Data { stream: 5, last, data }) = decoder.next(&mut wire).unwrap() {
        lengths.push((data.len(), last));
    }
    assert_eq!(lengths, [(32_768, false), (32_768, false), (32_768, false), (1_696, true)]);
}

#[test]
fn nonsense_is_refused() {
    for (wire, want) in [
        (&[0x80, 2, 0, 1, 0, 0, 0, 0][..], SpdyError::Version(2)),
        (&[0x80, 3, 0, 1, 0, 0, 0, 2, 1, 1], SpdyError::Short(1)),
        (&[0x80, 3, 0, 1, 0, 1, 0, 1], SpdyError::Long(65_537)),
        (&[0x80, 3, 0, 2, 0, 0, 0, 8, 0, 0, 0, 1, 9, 9, 9, 9], SpdyError::Head),
    ] {
        assert_eq!(Decoder::default().next(&mut BytesMut::from(wire)).unwrap_err(), want, "{wire:?}");
    }
    // What we do not need is skipped: SETTINGS, WINDOW_UPDATE.
    let mut skipped = BytesMut::from(&[0x80, 3, 0, 4, 0, 0, 0, 4, 0, 0, 0, 0, 0x80, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1][..]);
    assert_eq!(Decoder::default().next(&mut skipped), Ok(None));
    assert!(skipped.is_empty());
}

#[test]
fn a_head_that_unpacks_to_too_much_is_refused() {
    let (mut encoder, mut wire) = (Encoder::default(), BytesMut::new());
    encoder.write(&Frame::Open { stream: 1, last: false, head: vec![("x".into(), "a".repeat(200_000))] }, &mut wire);
    assert_eq!(Decoder::default().next(&mut wire), Err(SpdyError::Head));
}
