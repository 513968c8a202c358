//! Upgraded connections (WebSocket and any other protocol): bytes both ways until one side closes, in the place of the
//! request that asked for it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use ebb_ingress_core::head;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::forward::Sent;
use crate::answer::Answer;
use crate::front::Front;
use crate::lanes::Visit;
use crate::upstream::Link;
use crate::watchdog::Watchdog;

/// How long a tunnel may go on after the process was told to end. There is nobody to ask it to finish, and its clients
/// are used to connect again; a second lets a message that is under way arrive.
const GRACE: Duration = Duration::from_secs(1);

/// What a client wants to change to.
#[derive(Debug)]
pub(super) struct Upgrade {
    pub protocol: HeaderValue,
    client: OnUpgrade,
}

/// The upgrade that a request asks for, if it does.
pub(super) fn wanted(request: &mut Request<Incoming>) -> Option<Upgrade> {
    let protocol = head::upgrade(request.headers())?;
    let client = hyper::upgrade::on(request);
    Some(Upgrade { protocol, client })
}

/// Answers 101 and leaves a task behind that carries the bytes.
pub(super) fn open(front: &Arc<Front>, upgrade: Upgrade, sent: Sent, visit: Visit) -> Response<Answer> {
    let Sent { mut answered, place, watchdog, .. } = sent;
    let pod = hyper::upgrade::on(&mut answered.response);
    let mut response = Response::new(Answer::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let protocol = answered.response.headers().get(header::UPGRADE).cloned().unwrap_or(upgrade.protocol);
    *response.headers_mut() = std::mem::take(answered.response.headers_mut());
    head::strip_hop_by_hop(response.headers_mut());
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(header::UPGRADE, protocol);
    let drain = front.drain.clone();
    front.tracker.spawn(async move {
        let told_to_end = async {
            drain.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = carry(upgrade.client, pod, answered.link, watchdog, visit) => {}
            () = told_to_end => {}
        }
        drop(place);
    });
    response
}

/// Carries bytes until both directions are closed, one breaks, or a timeout is over.
async fn carry(client: OnUpgrade, pod: OnUpgrade, link: Option<Link>, mut watchdog: Watchdog, mut visit: Visit) {
    let drive = async {
        if let Some(link) = link {
            link.into_upgrade().await;
        }
    };
    let (Ok(client), Ok(pod), ()) = tokio::join!(client, pod, drive) else { return };
    let moved = AtomicBool::new(false);
    let mut client = Noted { io: TokioIo::new(client), moved: &moved };
    let mut pod = Noted { io: TokioIo::new(pod), moved: &moved };
    let expired = {
        let mut copy = pin!(tokio::io::copy_bidirectional(&mut client, &mut pod));
        std::future::poll_fn(|context| {
            // How it ended is not told to anybody: both sides have seen it.
            if copy.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            if moved.swap(false, Ordering::Relaxed) {
                watchdog.touch();
            }
            watchdog.poll_expired(context).map(Some)
        })
        .await
    };
    match expired {
        Some(refused) => visit.failed(refused),
        None => visit.ended(),
    }
}

/// Notes that bytes were written.
struct Noted<'a, T> {
    io: T,
    moved: &'a AtomicBool,
}

impl<T: AsyncRead + Unpin> AsyncRead for Noted<'_, T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Noted<'_, T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.moved.store(true, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
