//! The certificate that a client showed. The handshake asks only whether the client has its key; whether the certificate is good
//! is asked at every request, so that one that is not gets an answer that tells so, and one that expires on an open connection is
//! not good any more. This is what kube-apiserver does (k8s.io/apiserver/pkg/authentication/request/x509).

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::identity;
use crate::access::authenticate::NotGood;
use crate::options::User;

/// Lets in any certificate whose key the client has, or none.
#[derive(Debug)]
pub struct AnyCertificate(pub Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: UnixTime) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// A certificate with what comes between it and the CA, and whom it names.
pub struct Shown {
    verifier: Arc<dyn ClientCertVerifier>,
    chain: Vec<CertificateDer<'static>>,
    user: Option<User>,
    /// When it was last looked at, and whether it was good. Certificates count time in seconds: within one nothing changes.
    judged: Mutex<Option<(u64, bool)>>,
}

impl Shown {
    /// What a client showed, if it showed something; `verifier` knows the CA.
    pub fn new(verifier: Arc<dyn ClientCertVerifier>, chain: Option<&[CertificateDer<'static>]>) -> Self {
        let chain = chain.unwrap_or_default().to_vec();
        let user = chain.first().and_then(|certificate| identity::user(certificate));
        Self { verifier, chain, user, judged: Mutex::new(None) }
    }

    /// Who the client is; nobody if it showed nothing, or something that names nobody.
    ///
    /// # Errors
    /// When the certificate is not one of the CA's, or not at this time, or not one for clients.
    pub fn user(&self, now: UnixTime) -> Result<Option<&User>, NotGood> {
        let Some((certificate, between)) = self.chain.split_first() else { return Ok(None) };
        let mut judged = self.judged.lock();
        let good = match *judged {
            Some((at, good)) if at == now.as_secs() => good,
            _ => self.verifier.verify_client_cert(certificate, between, now).is_ok(),
        };
        *judged = Some((now.as_secs(), good));
        if good { Ok(self.user.as_ref()) } else { Err(NotGood) }
    }
}
