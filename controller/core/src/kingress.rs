//! What all Ingress objects of the controller have in common: their class, and what plain HTTP gets.
//!
//! This module must not know what a rule is.

use ebb_api::annotations::networking;
use ebb_api::config::network::HttpProtocol;

use crate::meta::Words;
use crate::settings::Settings;

/// The ingress that is to serve an object with these annotations.
pub fn class(annotations: &Words, settings: &Settings) -> String {
    networking::INGRESS_CLASS.get(annotations).unwrap_or(&settings.config.network.ingress_class).to_owned()
}

/// `httpOption` for an object with these annotations. An annotation that makes no sense is as if it were not there.
pub fn http_option(annotations: &Words, settings: &Settings) -> String {
    let own = networking::HTTP_PROTOCOL.get(annotations).map(str::to_ascii_lowercase);
    let redirected = match own.as_deref() {
        Some("enabled") => false,
        Some("redirected") => true,
        _ => settings.config.network.http_protocol == HttpProtocol::Redirected,
    };
    if redirected { "Redirected" } else { "Enabled" }.to_owned()
}
