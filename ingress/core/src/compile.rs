//! One Ingress object → its virtual hosts and its faults. A fault takes out its host, path or rule; the rest stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use ebb_api::keys::header;
use ebb_api::networking::{HttpIngressPath, Ingress, IngressBackendSplit, IngressRule, IngressSpec};
use ebb_api::observation::RevisionKey;
use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use crate::host;
use crate::problem::Fault;
use crate::split::Split;
use crate::table::{Backend, ObjectKey, PathRoute, VirtualHost, Visibility};

/// What an object asks for, checked.
#[derive(Debug, Default)]
pub struct Compiled {
    /// By normalized host.
    pub hosts: BTreeMap<Arc<str>, Arc<VirtualHost>>,
    /// What is wrong with the object in itself.
    pub faults: Vec<Fault>,
}

/// Compiles one object. `old` is what the same object compiled to before; splits that did not change go on where they
/// are.
pub fn compile(key: &Arc<ObjectKey>, ingress: &Ingress, old: Option<&Compiled>) -> Compiled {
    let mut compiling = Compiling { hash: hash(key, &ingress.spec), key, old, faults: Vec::new(), hosts: BTreeMap::new() };
    let redirect = compiling.redirect(&ingress.spec.http_option);
    for rule in &ingress.spec.rules {
        compiling.rule(rule);
    }
    if !ingress.spec.tls.is_empty() {
        compiling.faults.push(Fault::Tls);
    }
    compiling.finish(redirect)
}

/// Hex SHA-256 of the spec's JSON, the namespace and the name (knative/networking `pkg/ingress` ComputeHash).
fn hash(key: &ObjectKey, spec: &IngressSpec) -> Arc<str> {
    let mut hasher = Sha256::new();
    // The spec has only strings as keys, so it always has a JSON form.
    hasher.update(serde_json::to_vec(spec).unwrap_or_default());
    hasher.update(&key.namespace);
    hasher.update(&key.name);
    hex::encode(hasher.finalize()).into()
}

struct Compiling<'a> {
    key: &'a Arc<ObjectKey>,
    hash: Arc<str>,
    old: Option<&'a Compiled>,
    hosts: BTreeMap<Arc<str>, Vec<Arc<PathRoute>>>,
    faults: Vec<Fault>,
}

impl Compiling<'_> {
    fn redirect(&mut self, option: &str) -> bool {
        match option {
            "" | "Enabled" => false,
            "Redirected" => true,
            other => {
                self.faults.push(Fault::BadHttpOption(other.to_owned()));
                false
            }
        }
    }

    fn rule(&mut self, rule: &IngressRule) {
        let visibility = match rule.visibility.as_str() {
            "" | "ExternalIP" => Visibility::External,
            "ClusterLocal" => Visibility::ClusterLocal,
            other => return self.faults.push(Fault::BadVisibility(other.to_owned())),
        };
        let paths = rule.http.as_ref().map(|http| http.paths.as_slice()).unwrap_or_default();
        if paths.is_empty() {
            return self.faults.push(Fault::NoPaths(rule.hosts.first().cloned().unwrap_or_default()));
        }
        let (mut names, mut bad) = (Vec::new(), Vec::new());
        for name in &rule.hosts {
            match host::normalize(name) {
                Ok(normal) => names.push(Arc::from(normal)),
                Err(why) => bad.push(Fault::BadHost { host: name.clone(), why }),
            }
        }
        let routes: Vec<Arc<PathRoute>> = paths.iter().filter_map(|path| self.path(visibility, path, &names)).collect();
        self.faults.extend(bad);
        for name in names {
            self.hosts.entry(name).or_default().extend(routes.iter().cloned());
        }
    }

    /// One path for all hosts of its rule, which share its split. One that is the same as before goes on with its split,
    /// also when others came or went around it.
    fn path(&mut self, visibility: Visibility, path: &HttpIngressPath, hosts: &[Arc<str>]) -> Option<Arc<PathRoute>> {
        match path_route(visibility, path) {
            Ok(mut route) => {
                let old = hosts.iter().filter_map(|name| self.old?.hosts.get(name)).flat_map(|host| &host.paths);
                let mut same =
                    old.filter(|old| old.prefix == route.prefix && old.matches == route.matches && old.backends == route.backends);
                if let Some(same) = same.find(|old| old.visibility == visibility) {
                    route.split.continue_from(&same.split);
                }
                Some(Arc::new(route))
            }
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    fn finish(self, redirect: bool) -> Compiled {
        let mut compiled = Compiled { hosts: BTreeMap::new(), faults: self.faults };
        for (name, paths) in self.hosts {
            let host = VirtualHost { name: name.clone(), owner: self.key.clone(), hash: self.hash.clone(), redirect, paths: paths.into() };
            compiled.hosts.insert(name, Arc::new(host));
        }
        compiled
    }
}

fn path_route(visibility: Visibility, path: &HttpIngressPath) -> Result<PathRoute, Fault> {
    if !path.path.is_empty() && !path.path.starts_with('/') {
        return Err(Fault::BadPath(path.path.clone()));
    }
    let matches = path.headers.iter().map(|(name, wanted)| header(name, &wanted.exact)).collect::<Result<_, _>>()?;
    let percents = percents(&path.splits);
    let split = |percents: &[i64]| Split::new(percents).map_err(|why| Fault::BadSplit { path: path.path.clone(), why });
    // Checked with all percents, so that the message speaks of the object as it is written.
    split(&percents)?;
    let shares = path.splits.iter().zip(percents).filter(|(_, percent)| *percent > 0);
    let (shares, percents): (Vec<_>, Vec<_>) = shares.unzip();
    let backends = shares.iter().map(|share| backend(path, share).map(Arc::new)).collect::<Result<_, _>>()?;
    Ok(PathRoute { visibility, prefix: path.path.as_str().into(), matches, backends, split: split(&percents)? })
}

/// A single split without a percent means all of it (knative/networking `ingress_defaults.go`).
fn percents(splits: &[IngressBackendSplit]) -> Vec<i64> {
    match splits {
        [only] if only.percent == 0 => vec![100],
        splits => splits.iter().map(|split| split.percent).collect(),
    }
}

fn backend(path: &HttpIngressPath, split: &IngressBackendSplit) -> Result<Backend, Fault> {
    let (mut namespace, mut name) = (split.service_namespace.as_str(), split.service_name.as_str());
    let mut original_host = None;
    let mut append: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (key, value) in path.append_headers.iter().chain(&split.append_headers) {
        let (key, checked) = header(key, value)?;
        match key.as_str() {
            header::NAMESPACE => namespace = value,
            header::REVISION => name = value,
            header::ORIGINAL_HOST => original_host = Some(checked),
            // The split speaks after the path, and the last word counts.
            _ => {
                append.retain(|(earlier, _)| *earlier != key);
                append.push((key, checked));
            }
        }
    }
    let (rewrite, forward) = rewrite(&path.rewrite_host)?.unzip();
    Ok(Backend { revision: RevisionKey::new(namespace, name), append, host: original_host.or(rewrite), forward })
}

/// The rewritten Host header, and the host of the table that it names.
fn rewrite(rewrite_host: &str) -> Result<Option<(HeaderValue, Box<str>)>, Fault> {
    if rewrite_host.is_empty() {
        return Ok(None);
    }
    let normal = host::normalize(rewrite_host).map_err(|why| Fault::BadHost { host: rewrite_host.to_owned(), why })?;
    let value = HeaderValue::from_str(rewrite_host).map_err(|_| Fault::BadHeader("Host".to_owned()))?;
    Ok(Some((value, normal.into())))
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    let bad = || Fault::BadHeader(name.to_owned());
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, HeaderValue::from_str(value).map_err(|_| bad())?))
}

#[cfg(test)]
mod tests;
