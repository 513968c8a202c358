//! What a client sees of a connection that was closed in the middle of its request.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{LINGER, Linger};

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

#[tokio::test]
async fn an_answer_survives_what_was_never_read() {
    let (mut client, server) = pair().await;
    let (tracker, drain) = (TaskTracker::new(), CancellationToken::new());
    let mut server = Linger::new(server, tracker.clone(), drain);
    // More than any socket buffer holds, so that the client is still writing when it is refused.
    let sending = async {
        let mut sent = 0;
        while sent < 16 << 20 && client.write_all(&[b'x'; 64 << 10]).await.is_ok() {
            sent += 64 << 10;
        }
        let mut answer = String::new();
        let read = client.read_to_string(&mut answer).await;
        (sent, answer, read.is_ok())
    };
    let refusing = async {
        server.write_all(b"no").await.unwrap();
        server.shutdown().await.unwrap();
        drop(server);
    };
    let ((sent, answer, read), ()) = tokio::join!(sending, refusing);
    assert_eq!((sent, answer.as_str(), read), (16 << 20, "no", true));
    drop(client);
    tracker.close();
    tracker.wait().await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_closes_is_cut_off() {
    let (server, _client) = tokio::io::duplex(64);
    let tracker = TaskTracker::new();
    let mut server = Linger::new(server, tracker.clone(), CancellationToken::new());
    server.shutdown().await.unwrap();
    let begun = tokio::time::Instant::now();
    drop(server);
    tracker.close();
    tracker.wait().await;
    assert_eq!(begun.elapsed().as_secs(), LINGER.as_secs());
}

#[tokio::test(start_paused = true)]
async fn nothing_lingers_after_the_end_of_the_peer_or_of_the_process_or_without_a_shutdown() {
    let (tracker, drain) = (TaskTracker::new(), CancellationToken::new());
    let (server, client) = tokio::io::duplex(64);
    let mut server = Linger::new(server, tracker.clone(), drain.clone());
    drop(client);
    assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
    let _ = server.shutdown().await;
    drop(server);
    let (server, _client) = tokio::io::duplex(64);
    drop(Linger::new(server, tracker.clone(), drain.clone()));
    let (server, _client) = tokio::io::duplex(64);
    let mut server = Linger::new(server, tracker.clone(), drain.clone());
    server.shutdown().await.unwrap();
    drain.cancel();
    drop(server);
    assert!(tracker.is_empty());
    tokio::time::advance(Duration::from_secs(1)).await;
}
