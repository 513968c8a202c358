//! Errors of the client, told to people.

use std::path::PathBuf;

use kube::core::Status;

use super::*;

fn api(code: u16, reason: &str, message: &str) -> kube::Error {
    kube::Error::Api(Box::new(Status::failure(message, reason).with_code(code)))
}

fn refused() -> kube::Error {
    kube::Error::Service(Box::new(std::io::Error::from(ErrorKind::ConnectionRefused)))
}

#[test]
fn explains() {
    let (flag, data) = (Source::Flag(PathBuf::from("/k")), Source::DataDir(PathBuf::from("/d")));
    let cases = [
        (api(404, "NotFound", "services.serving.knative.dev \"x\" not found"), &flag, "services.serving.knative.dev \"x\" not found"),
        (
            api(404, NO_STATUS, "404 page not found"),
            &flag,
            "no or newer Knative Serving API found on the backend, please verify the installation or update the 'ebb' client",
        ),
        (api(500, "", ""), &flag, "the server answered with status 500"),
        (refused(), &data, "no ebb is running with data directory /d; start one with 'ebb up', or name another server with --kubeconfig"),
        (refused(), &flag, "error connecting to the cluster: connection refused"),
    ];
    for (error, source, want) in cases {
        assert_eq!(explain(error, source).to_string(), want);
    }
}

#[test]
fn tells_answers_apart() {
    assert!(is_not_found(&api(404, "NotFound", "")) && !is_not_found(&api(404, NO_STATUS, "")));
    assert!(already_exists(&api(409, "AlreadyExists", "")) && !already_exists(&api(409, "Conflict", "")));
    assert!(is_conflict(&api(409, "Conflict", "")) && !is_conflict(&api(409, "AlreadyExists", "")));
}
