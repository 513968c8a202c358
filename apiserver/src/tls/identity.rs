//! Whom a certificate names, or a request for one. It does not ask whether the certificate is good.

use ebb_apiserver_core::rbac::AUTHENTICATED;
use ring::digest::{SHA256, digest};

use crate::options::{SYSTEM_USER, User};

/// DER of the object identifiers 2.5.4.3 (common name) and 2.5.4.10 (organization).
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANIZATION: [u8; 3] = [0x55, 0x04, 0x0a];
/// And of 1.3.6.1.4.1.57683.2, by which Kubernetes' certificates tell a uid.
const UID: [u8; 9] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xc2, 0x53, 0x02];
const SEQUENCE: u8 = 0x30;
const EXPLICIT_0: u8 = 0xa0;

/// The user of a certificate: the common name, and the organizations as groups.
pub fn user(certificate: &[u8]) -> Option<User> {
    let mut names = Vec::new();
    let mut groups = Vec::new();
    let mut uid = String::new();
    for (kind, text) in subject(certificate)? {
        match kind {
            kind if kind == COMMON_NAME => names.push(text),
            kind if kind == ORGANIZATION => groups.push(text),
            kind if kind == UID => uid = text,
            _ => {}
        }
    }
    groups.push(AUTHENTICATED.into());
    let fingerprint: String = digest(&SHA256, certificate).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let extra = [("authentication.kubernetes.io/credential-id".to_owned(), vec![format!("X509SHA256={fingerprint}")])].into();
    // Nobody on the network is the process itself, even if the CA's key went astray.
    names.pop().filter(|name| !name.is_empty() && name != SYSTEM_USER).map(|name| User { name, groups, uid, extra })
}

/// How many organizations the subject of a request for a certificate names.
pub fn organizations(request: &[u8]) -> usize {
    let subject = element(request).and_then(|(_, request, _)| {
        // version, subject
        let (_, fields, _) = element(request)?;
        attributes(element(fields)?.2)
    });
    subject.into_iter().flatten().filter(|(kind, _)| *kind == ORGANIZATION).count()
}

/// The attributes of a certificate's subject: object identifier and text.
fn subject(certificate: &[u8]) -> Option<Vec<(&[u8], String)>> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    // version (optional), serial number, signature algorithm, issuer, validity, subject
    if fields.first() == Some(&EXPLICIT_0) {
        fields = element(fields)?.2;
    }
    for _ in 0..4 {
        fields = element(fields)?.2;
    }
    attributes(fields)
}

/// The attributes of the name with which some fields begin.
fn attributes(fields: &[u8]) -> Option<Vec<(&[u8], String)>> {
    let (tag, mut sets, _) = element(fields)?;
    if tag != SEQUENCE {
        return None;
    }
    let mut attributes = Vec::new();
    while !sets.is_empty() {
        let (_, mut set, rest) = element(sets)?;
        sets = rest;
        while !set.is_empty() {
            let (_, attribute, rest) = element(set)?;
            set = rest;
            let (_, kind, value) = element(attribute)?;
            let (_, text, _) = element(value)?;
            attributes.push((kind, String::from_utf8_lossy(text).into_owned()));
        }
    }
    Some(attributes)
}

/// The first DER element: tag, content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if !(1..=4).contains(&count) || rest.len() < count {
            return None;
        }
        let (digits, rest) = rest.split_at(count);
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    (rest.len() >= length).then(|| (tag, &rest[..length], &rest[length..]))
}
