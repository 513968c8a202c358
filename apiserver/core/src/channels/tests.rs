//! Case tables.

use super::*;

#[test]
fn the_first_known_protocol_of_the_client_is_spoken() {
    for (asked, want) in [
        (&["v5.channel.k8s.io", "v4.channel.k8s.io"][..], Some("v5.channel.k8s.io")),
        (&["v9.channel.k8s.io", "v4.channel.k8s.io"], Some("v4.channel.k8s.io")),
        (&["base64.channel.k8s.io"], Some("base64.channel.k8s.io")),
        (&[], Some("")),
        (&["chat"], None),
    ] {
        assert_eq!(command_protocol(asked).map(|protocol| protocol.name), want, "{asked:?}");
    }
    assert_eq!(forward_protocol(&["v4.channel.k8s.io"]).map(|protocol| protocol.name), Some("v4.channel.k8s.io"));
    assert_eq!(forward_protocol(&["v5.channel.k8s.io"]), None);
}

#[test]
fn messages_say_whose_they_are() {
    let v5 = command_protocol(&["v5.channel.k8s.io"]).unwrap();
    let v4 = command_protocol(&["v4.channel.k8s.io"]).unwrap();
    let text = command_protocol(&["base64.channel.k8s.io"]).unwrap();
    for (protocol, message, want) in [
        (v5, &b"\x00hello"[..], Said::Data(0, b"hello".to_vec())),
        (v5, b"\xff\x00", Said::Closed(0)),
        (v4, b"\xff\x00", Said::Data(255, vec![0])),
        (v4, b"", Said::Nothing),
        (v4, b"\x04", Said::Data(4, vec![])),
        (text, b"0aGk=", Said::Data(0, b"hi".to_vec())),
        (text, b"0***", Said::Nothing),
        (text, b"\x01aGk=", Said::Nothing),
    ] {
        assert_eq!(protocol.read(message), want, "{} {message:?}", protocol.name);
    }
    assert_eq!(v4.write(1, b"out"), b"\x01out");
    assert_eq!(text.write(2, b"hi"), b"2aGk=");
}

#[test]
fn sizes_are_read_and_nonsense_is_not() {
    assert_eq!(terminal_size(br#"{"Width":80,"Height":24}"#), Some((80, 24)));
    for nonsense in [&b""[..], b"{}", br#"{"Width":-1,"Height":24}"#, br#"{"Width":70000,"Height":1}"#] {
        assert_eq!(terminal_size(nonsense), None);
    }
}

#[test]
fn the_end_of_a_command_is_told_as_clients_match_it() {
    let status = Outcome::Exit(7).status();
    assert_eq!((status["status"].as_str(), status["reason"].as_str()), (Some("Failure"), Some("NonZeroExitCode")));
    assert_eq!(status["details"]["causes"][0], json!({"reason": "ExitCode", "message": "7"}));
    assert_eq!(Outcome::Exit(0).status()["status"], "Success");
    assert_eq!(Outcome::Exit(0).told(false), "");
    assert_eq!(Outcome::Failed("no".into()).told(false), "no");
}

#[test]
fn every_channel_has_its_number() {
    assert_eq!([0, 1, 2, 3, 4].map(|number| Channel::of(number).map(Channel::number)), [Some(0), Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!((Channel::of(5), Channel::named("resize"), Channel::named("x")), (None, Some(Channel::Resize), None));
}
