//! A key, and the certificate for it, by a CertificateSigningRequest that is approved at once: who may create users may
//! also approve. This module must not write files.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestSpec};
use kube::Api;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::wait::await_condition;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde_json::json;

use crate::connect::session::Session;

const SIGNER: &str = "kubernetes.io/kube-apiserver-client";
/// Seconds that a certificate is good for: a year, as those of Kubernetes' own administrators.
const LASTS: i32 = 365 * 24 * 3600;
/// The attribute of a subject that tells a uid.
const UID: [u64; 8] = [1, 3, 6, 1, 4, 1, 57683, 2];
/// An Ebb signs with the approval; another server's controller needs a moment.
const PATIENCE: Duration = Duration::from_secs(30);

/// What admits a user.
pub struct Credentials {
    /// The certificate, as PEM.
    pub certificate: String,
    /// The key to it, as PEM.
    pub key: String,
}

/// The request of a user with a record, as PEM, and the key.
pub fn request(name: &str, uid: &str) -> Result<(String, String)> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::CustomDnType(UID.to_vec()), uid);
    Ok((params.serialize_request(&key)?.pem()?, key.serialize_pem()))
}

/// Asks for a certificate, approves the request, and fetches what was signed.
///
/// # Errors
/// When the server refuses one of these, or does not sign in time.
pub async fn obtain(session: &Session, name: &str, uid: &str) -> Result<Credentials> {
    let (pem, key) = request(name, uid).context("cannot make a key")?;
    let api: Api<CertificateSigningRequest> = Api::all(session.client());
    let spec = CertificateSigningRequestSpec {
        request: ByteString(pem.into_bytes()),
        signer_name: SIGNER.to_owned(),
        usages: Some(vec!["client auth".to_owned()]),
        expiration_seconds: Some(LASTS),
        ..CertificateSigningRequestSpec::default()
    };
    let metadata = ObjectMeta { generate_name: Some(format!("ebb-user-{name}-")), ..ObjectMeta::default() };
    let asked = CertificateSigningRequest { metadata, spec, ..CertificateSigningRequest::default() };
    let asked = api.create(&PostParams::default(), &asked).await.map_err(|error| session.explain(error))?;
    let signed = approve(session, &api, &asked.name_any()).await;
    // It has served its purpose; what was signed is written down in the server's audit log.
    let _ = api.delete(&asked.name_any(), &DeleteParams::default()).await;
    Ok(Credentials { certificate: signed?, key })
}

fn certificate_of(request: &CertificateSigningRequest) -> Option<&ByteString> {
    request.status.as_ref()?.certificate.as_ref().filter(|certificate| !certificate.0.is_empty())
}

async fn approve(session: &Session, api: &Api<CertificateSigningRequest>, name: &str) -> Result<String> {
    let condition = json!({"type": "Approved", "status": "True", "reason": "EbbUserCreate", "message": "approved by 'ebb user create'"});
    let patch = json!({"status": {"conditions": [condition]}});
    let approved = api.patch_subresource("approval", name, &PatchParams::default(), &Patch::Merge(patch)).await;
    let mut request = approved.map_err(|error| session.explain(error))?;
    if certificate_of(&request).is_none() {
        let signed = await_condition(api.clone(), name, |request: Option<&CertificateSigningRequest>| {
            request.is_some_and(|request| certificate_of(request).is_some())
        });
        let signed = tokio::time::timeout(PATIENCE, signed).await;
        request =
            signed.map_err(|_| anyhow!("the server has not signed the certificate within {} s", PATIENCE.as_secs()))??.unwrap_or(request);
    }
    match certificate_of(&request) {
        Some(certificate) => String::from_utf8(certificate.0.clone()).context("the certificate is no PEM"),
        None => bail!("the server has not signed the certificate"),
    }
}
