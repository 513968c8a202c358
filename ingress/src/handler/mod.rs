//! The life of one request, as one list of steps. Each step is a function here or in a file beside; none decides what
//! the cores decide.

mod admit;
mod course;
mod forward;
mod tunnel;

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::failed::Failed;
use crate::front::Client;
use crate::lanes::Visit;
use crate::watchdog::Limits;
use course::Course;

/// Answers one request.
pub(crate) async fn handle(client: Arc<Client>, request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    client.spoke();
    let arrived = Instant::now();
    let asked = tracing::enabled!(tracing::Level::DEBUG).then(|| format!("{} {}", request.method(), request.uri()));
    let response = match steps(&client, request, arrived).await {
        Ok(response) => response,
        Err(failed) => {
            client.front.metrics.failed(failed.who(), failed.reason());
            tracing::debug!(who = failed.who(), reason = failed.reason(), "request failed");
            failed.response()
        }
    };
    if let Some(asked) = asked {
        tracing::debug!(client = %client.address, asked, status = response.status().as_u16(), head_us = arrived.elapsed().as_micros(), "request");
    }
    Ok(response)
}

/// The steps, in order. Returning from any of them ends the request; dropping the future (the client has left) does so
/// too, and gives back whatever it holds.
async fn steps(client: &Client, mut request: Request<Incoming>, arrived: Instant) -> Result<Response<Answer>, Failed> {
    // First what needs no table: nothing malformed gets any further.
    admit::check(&request)?;
    // The host, before anything else that depends on it.
    let host = admit::host(&request)?;
    // The table is looked at once, so that a request sees one state of it. Probes and redirects end here.
    let way = match course::find(client, &host, &request)? {
        Course::Answered(response) => return Ok(*response),
        Course::Onward(way) => way,
    };
    // The revision's line and limits. From here on the request is counted there, and its clock runs.
    let lane = client.front.lanes.of(way.revision());
    let limits = Limits::new(&lane.line.settings(), arrived);
    let visit = Visit::new(lane.clone(), arrived);
    // The upgrade is taken out of the request before its head is rewritten for the pod.
    let (upgrade, version) = (tunnel::wanted(&mut request), request.version());
    // The head is rewritten before the request waits: while it waits there is time, and afterwards there is none.
    let request = forward::rewrite(client, &way, &host, request, upgrade.as_ref());
    // A place in the line, a connection, the request out, the answer's head back; again, if the pod is lost on the way.
    let sent = match forward::send(&client.front, &lane.line, limits, request, upgrade.is_some()).await {
        Ok(sent) => sent,
        Err(why) => {
            visit.refused();
            let failed = Failed::Refused { why, revision: lane.line.clone() };
            lane.answered(failed.status());
            return Err(failed);
        }
    };
    lane.answered(sent.answered.response.status());
    // The answer streams from here; it takes the place along and gives it back when it has ended.
    match upgrade {
        Some(upgrade) if sent.is_upgrade() => Ok(tunnel::open(&client.front, upgrade, sent, visit)),
        _ => Ok(forward::respond(sent, visit, version).await),
    }
}
