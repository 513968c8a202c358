//! Bounds of what the front door takes in. Each constant argues for its value.

use std::time::Duration;

/// Longest request target. nginx and Go's clients stop at 8 KiB and about 1 MiB; browsers stay below 64 KiB, and the
/// longest that real APIs (signed URLs, filters in queries) send is some 10 KiB.
pub const URI_BYTES_MAX: usize = 16 << 10;

/// Largest request head over HTTP/1 and largest header list over HTTP/2. Twice nginx's 32 KiB, because tokens in
/// cookies grow; it also bounds what one connection may buffer.
pub const HEAD_BYTES_MAX: usize = 64 << 10;

/// Most headers in one request: hyper's default, which is parsed without allocation; Apache has the same 100.
pub const HEADERS_MAX: usize = 100;

/// Time that a client has for a request head, and that an idle keep-alive connection is kept. The same 60 s as nginx'
/// `client_header_timeout`: longer than any honest client on a bad line needs, and common load balancers in front,
/// which keep connections for 60 s as well, close first.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Connections at once. A connection costs at most about 20 KB when idle, so this many are 200 MB; it stays below the
/// 20,000 descriptors that a process has when each of them has its own connection to a pod.
pub const CONNECTIONS_MAX: usize = 10_000;

/// Concurrent streams on one HTTP/2 connection: twice the 100 that RFC 9113 §6.5.2 gives as the least sensible value,
/// and nginx' default is 128. A client that wants more opens another connection.
pub const STREAMS_MAX: u32 = 200;

/// How long a connection attempt to a pod may take. Pods are on this machine or in its data centre; a packet lost on
/// the way is sent again after 1 s, and a second loss means that the pod is not there.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an unused connection to a pod is kept. Below the 5 s after which Node.js and uvicorn close theirs, so that
/// it is us who close first and no request meets a closing connection.
pub const IDLE_CONNECTION_MAX: Duration = Duration::from_secs(4);

/// A connection that has been idle for longer is not used for a request that must not be sent twice. It would be lost
/// if the app closed just now; a new connection costs far less than that.
pub const FRESH_CONNECTION: Duration = Duration::from_secs(1);

/// Unused connections kept per pod. More than that many at once is a burst, after which the rest may go.
pub const IDLE_CONNECTIONS_PER_POD: usize = 128;
