//! Which timeout goes off when, on a paused clock.

use std::future::poll_fn;

use ebb_activator::{Refused, Settings};
use tokio::time::{Duration, Instant, advance};

use super::{Limits, Watchdog};

fn settings(timeout: u64, start: Option<u64>, idle: Option<u64>) -> Settings {
    let seconds = |value: Option<u64>| value.map(Duration::from_secs);
    Settings { timeout: Duration::from_secs(timeout), response_start: seconds(start), idle: seconds(idle), ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn the_earliest_date_goes_off() {
    let cases = [
        (settings(10, None, None), 10, Refused::RequestTimeout),
        (settings(10, Some(4), None), 4, Refused::ResponseStartTimeout),
        (settings(10, None, Some(3)), 3, Refused::IdleTimeout),
        (settings(10, Some(4), Some(3)), 3, Refused::IdleTimeout),
        (settings(2, Some(4), Some(3)), 2, Refused::RequestTimeout),
    ];
    for (settings, seconds, wanted) in cases {
        let began = Instant::now();
        let mut watchdog = Watchdog::new(Limits::new(&settings, began));
        assert_eq!(poll_fn(|context| watchdog.poll_expired(context)).await, wanted);
        assert_eq!(began.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_put_the_idle_date_off_and_never_the_whole() {
    let began = Instant::now();
    let mut watchdog = Watchdog::new(Limits::new(&settings(10, Some(2), Some(3)), began));
    assert!(futures::poll!(std::pin::pin!(poll_fn(|context| watchdog.poll_expired(context)))).is_pending());
    advance(Duration::from_secs(1)).await;
    watchdog.started();
    for _ in 0..4 {
        advance(Duration::from_secs(2)).await;
        assert!(futures::poll!(std::pin::pin!(poll_fn(|context| watchdog.poll_expired(context)))).is_pending());
        watchdog.touch();
    }
    assert_eq!(poll_fn(|context| watchdog.poll_expired(context)).await, Refused::RequestTimeout);
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn work_that_is_done_in_time_sets_no_timer() {
    let mut watchdog = Watchdog::new(Limits::new(&settings(10, None, None), Instant::now()));
    assert_eq!(watchdog.guard(std::future::ready(7)).await.unwrap(), 7);
    assert!(watchdog.timer.is_none());
    assert_eq!(watchdog.guard(std::future::pending::<()>()).await, Err(Refused::RequestTimeout));
}
