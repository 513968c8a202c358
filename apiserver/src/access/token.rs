//! Tokens of service accounts: signed by the server, checked by it, worth nothing once what they are bound to is gone.
//! Sources: k8s.io/kubernetes/pkg/serviceaccount (claims.go, jwt.go).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ebb_apiserver_core::rbac::AUTHENTICATED;
use ebb_plumbing::BoxError;
use parking_lot::Mutex;
use rcgen::PublicKeyData as _;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::kinds::Registry;
use crate::options::User;
use crate::store::object;

/// Who issues tokens, and for whom they are meant when nobody says otherwise.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// Clocks differ by so many seconds.
const LEEWAY: i64 = 60;
/// Signatures that were checked are remembered, because a check costs as much as all the rest of a small request: 1,000
/// tokens at about 1 KB are 1 MB. When there are more, all are forgotten.
const KNOWN_MAX: usize = 1_000;

/// What a token says. The names are those of the standard and of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// For whom it is meant.
    pub aud: Vec<String>,
    /// When it ends, in seconds since 1970, like all times here.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// Who made it.
    pub iss: String,
    /// Its own name.
    #[serde(default)]
    pub jti: String,
    /// To what it is bound.
    #[serde(rename = "kubernetes.io")]
    pub kubernetes: Kubernetes,
    /// When it begins.
    pub nbf: i64,
    /// The user name of the service account.
    pub sub: String,
}

/// To what a token is bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kubernetes {
    /// Namespace of the service account.
    pub namespace: String,
    /// The node of the pod, or the node to which it is bound itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Bound>,
    /// Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Bound>,
    /// Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Bound>,
    /// Service account.
    pub serviceaccount: Bound,
}

/// An object to which a token is bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// The key with which tokens are signed, and what is known of those that came back.
pub struct Tokens {
    key: EcdsaKeyPair,
    kid: String,
    random: SystemRandom,
    known: Mutex<HashMap<[u8; 32], Arc<Claims>>>,
}

impl Tokens {
    /// With a private key as PEM.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(pem: &str) -> Result<Self, BoxError> {
        let pair = rcgen::KeyPair::from_pem(pem)?;
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pair.serialize_der(), &random);
        let key = key.map_err(|error| error.to_string())?;
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, &pair.subject_public_key_info()));
        Ok(Self { key, kid, random, known: Mutex::default() })
    }

    /// Signs a token.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn sign(&self, claims: &Claims) -> Result<String, BoxError> {
        let header = URL_SAFE_NO_PAD.encode(serde_json::json!({"alg": "ES256", "kid": self.kid}).to_string());
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_string(claims)?);
        let signed = format!("{header}.{body}");
        let signature = self.key.sign(&self.random, signed.as_bytes()).map_err(|_| "the token cannot be signed")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The public key, as others need it to check tokens (RFC 7517).
    pub fn public_key(&self) -> serde_json::Value {
        // Uncompressed: a byte that says so, then both coordinates.
        let (x, y) = self.key.public_key().as_ref().get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        serde_json::json!({"use": "sig", "kty": "EC", "kid": self.kid, "crv": "P-256", "alg": "ES256", "x": x, "y": y})
    }

    /// Whose a token is, and for which of the audiences (the server itself, if there are none) it is meant.
    ///
    /// # Errors
    /// Why it is worth nothing.
    pub fn user(&self, registry: &Registry, token: &str, audiences: &[String]) -> Result<(User, Vec<String>), String> {
        let claims = self.claims(token).ok_or("invalid bearer token")?;
        let worthless = |why: String| format!("[invalid bearer token, {why}]");
        let itself = [ISSUER.to_owned()];
        let wanted = if audiences.is_empty() { &itself } else { audiences };
        let fitting: Vec<String> = wanted.iter().filter(|wanted| claims.aud.contains(wanted)).cloned().collect();
        if fitting.is_empty() {
            return Err(worthless(format!("token audiences {:?} is invalid for the target audiences {wanted:?}", claims.aud)));
        }
        check(&claims, registry, clock::seconds()).map_err(worthless)?;
        Ok((user(&claims), fitting))
    }

    /// What a token says, if it is one of ours.
    fn claims(&self, token: &str) -> Option<Arc<Claims>> {
        let name: [u8; 32] = digest(&SHA256, token.as_bytes()).as_ref().try_into().ok()?;
        if let Some(known) = self.known.lock().get(&name) {
            return Some(known.clone());
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, body) = signed.split_once('.')?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let header: serde_json::Value = serde_json::from_slice(&decode(header)?).ok()?;
        if header["alg"] != "ES256" {
            return None;
        }
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.public_key()).verify(signed.as_bytes(), &decode(signature)?).ok()?;
        let claims: Arc<Claims> = Arc::new(serde_json::from_slice(&decode(body)?).ok()?);
        let mut known = self.known.lock();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(name, claims.clone());
        Some(claims)
    }
}

/// Whether a token that was issued here is worth anything now.
fn check(claims: &Claims, registry: &Registry, now: i64) -> Result<(), String> {
    if claims.iss != ISSUER {
        return Err("invalid issuer".into());
    }
    if now > claims.exp.saturating_add(LEEWAY) {
        return Err("service account token has expired".into());
    }
    if now < claims.nbf.saturating_sub(LEEWAY) {
        return Err("service account token is not valid yet".into());
    }
    let Kubernetes { namespace, node, pod, secret, serviceaccount } = &claims.kubernetes;
    let is_there = |resource: &str, namespace: &str, bound: &Bound| {
        let found = registry.find_id(resource).and_then(|resource| resource.get(&object::key(namespace, &bound.name)));
        found.is_some_and(|found| *found.uid == *bound.uid && !over(&found))
    };
    if !is_there("serviceaccounts", namespace, serviceaccount) {
        return Err(format!("service account {namespace}/{} has been deleted", serviceaccount.name));
    }
    // The node of a pod is only told, the token is bound to the pod.
    let bound = match (pod, secret, node) {
        (Some(pod), _, _) => is_there("pods", namespace, pod),
        (None, Some(secret), _) => is_there("secrets", namespace, secret),
        (None, None, Some(node)) => is_there("nodes", "", node),
        (None, None, None) => true,
    };
    if bound { Ok(()) } else { Err("service account token has been invalidated".into()) }
}

/// Whether an object's time was over a while ago: what is being deleted may still finish its work.
fn over(found: &object::Object) -> bool {
    let when = || found.value().ok().and_then(|value| clock::seconds_since(crate::value::meta(&value, "deletionTimestamp")));
    found.deleting && when().is_some_and(|ago| ago > LEEWAY)
}

/// The user of a token.
fn user(claims: &Claims) -> User {
    let Kubernetes { namespace, node, pod, serviceaccount, .. } = &claims.kubernetes;
    let mut extra = BTreeMap::new();
    let mut tell = |name: &str, text: String| {
        extra.insert(format!("authentication.kubernetes.io/{name}"), vec![text]);
    };
    if !claims.jti.is_empty() {
        tell("credential-id", format!("JTI={}", claims.jti));
    }
    for (kind, bound) in [("node", node), ("pod", pod)] {
        if let Some(Bound { name, uid }) = bound {
            tell(&format!("{kind}-name"), name.clone());
            if !uid.is_empty() {
                tell(&format!("{kind}-uid"), uid.clone());
            }
        }
    }
    let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}"), AUTHENTICATED.to_owned()];
    User { name: claims.sub.clone(), groups: groups.into(), uid: serviceaccount.uid.clone(), extra }
}
