//! `user create`, `user list` and `user delete`: who may use a server, and what each may do there.
//!
//! A user is a record (a ConfigMap in `kube-system`), bindings of roles, and certificates that name the record's uid. The
//! certificates are asked for as on any Kubernetes, by a CertificateSigningRequest, so that the key never leaves this
//! machine and the CA's never the server. This module must not know how a server checks all that.

mod certificate;
mod kubeconfig;
mod rights;

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use ebb_api::kubernetes;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::jiff::Timestamp;
use kube::api::{ListParams, ObjectMeta, PostParams};
use kube::{Api, ResourceExt as _};

use crate::args::global::GlobalArgs;
use crate::args::user::{UserCreateArgs, UserDeleteArgs, UserListArgs};
use crate::connect::problem;
use crate::connect::session::Session;
use crate::print::{age, tabs};
use crate::report;
use rights::Rights;

/// The label on everything that belongs to a user; its value is the user's name.
const LABEL: &str = "ebb.dev/user";
/// Where the records are, and how their names begin. The server looks for them there.
const RECORDS: &str = "kube-system";
const PREFIX: &str = "ebb-user.";
/// A label's value has no more.
const NAME_MAX: usize = 63;
/// The user of the kubeconfig that `ebb up` writes.
const ADMIN: &str = "ebb-admin";

fn records(session: &Session) -> Api<ConfigMap> {
    Api::namespaced(session.client(), RECORDS)
}

fn check_name(name: &str) -> Result<()> {
    if let Some(problem) = kubernetes::dns1123_subdomain(name).first() {
        bail!("'{name}' cannot be the name of a user: {problem}");
    }
    if name.len() > NAME_MAX {
        bail!("'{name}' cannot be the name of a user: it has more than {NAME_MAX} characters");
    }
    if name == ADMIN {
        bail!("'{name}' is the administrator of the data directory; choose another name");
    }
    Ok(())
}

/// Creates a user, or another kubeconfig of one.
///
/// # Errors
/// What is wrong with the name, or what the server has against it.
pub async fn create(global: &GlobalArgs, args: &UserCreateArgs) -> Result<()> {
    let name = super::single(&args.names, "'ebb user create' requires the user name given as single argument")?;
    check_name(name)?;
    if let Some(path) = args.output.as_ref().filter(|path| path.exists()) {
        bail!("{} exists already; choose another file", path.display());
    }
    let session = Session::open(global, args.namespace.as_deref()).await?;
    let explain = |error| session.explain(error);
    if let Some(namespace) = &args.namespace {
        Api::<Namespace>::all(session.client()).get(namespace).await.map_err(explain)?;
    }
    let uid = record(&session, name).await?;
    let credentials = certificate::obtain(&session, name, &uid).await?;
    let rights = Rights::new(args.namespace.clone(), args.read_only);
    rights.grant(&session, name).await?;
    let text = kubeconfig::text(global, name, args.namespace.as_deref(), &credentials)?;
    match &args.output {
        None => report::write(&text),
        Some(path) => {
            write_private(path, &text)?;
            report::line(&format!("User '{name}' may {rights}. Kubeconfig written to {}.", path.display()))
        }
    }
}

/// The uid of the user's record, which is made if there is none.
async fn record(session: &Session, name: &str) -> Result<String> {
    let api = records(session);
    let labels = [(LABEL.to_owned(), name.to_owned())].into();
    let metadata = ObjectMeta { name: Some(format!("{PREFIX}{name}")), labels: Some(labels), ..ObjectMeta::default() };
    let record = ConfigMap { metadata, ..ConfigMap::default() };
    let made = match api.create(&PostParams::default(), &record).await {
        Err(error) if problem::already_exists(&error) => api.get(&format!("{PREFIX}{name}")).await,
        made => made,
    };
    made.map_err(|error| session.explain(error))?.uid().ok_or_else(|| anyhow!("the server gave the record of user '{name}' no uid"))
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let written =
        std::fs::File::options().write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Lists the users that `user create` has made.
///
/// # Errors
/// What the server has against it.
pub async fn list(global: &GlobalArgs, _args: &UserListArgs) -> Result<()> {
    let session = Session::open(global, None).await?;
    let users = records(&session).list(&ListParams::default().labels(LABEL)).await.map_err(|error| session.explain(error))?;
    if users.items.is_empty() {
        return report::line("No users found.");
    }
    let rights = rights::of_all(&session).await?;
    let now = Timestamp::now();
    let mut text = String::from("NAME\tRIGHTS\tAGE\n");
    for user in users {
        let name = user.labels().get(LABEL).cloned().unwrap_or_default();
        let told = rights.get(&name).map_or_else(|| "none".to_owned(), |rights| rights.join(", "));
        text.push_str(&format!("{name}\t{told}\t{}\n", age::long(user.metadata.creation_timestamp.as_ref(), now)));
    }
    report::write(&tabs::align(&text, tabs::TABLE))
}

/// Deletes users. One that cannot be deleted does not keep the others.
///
/// # Errors
/// Everything that went wrong, one line each.
pub async fn delete(global: &GlobalArgs, args: &UserDeleteArgs) -> Result<()> {
    if args.names.is_empty() {
        bail!("'ebb user delete' requires the user name(s)");
    }
    let session = Session::open(global, None).await?;
    let mut wrong = Vec::new();
    for name in &args.names {
        if let Err(error) = delete_one(&session, name).await {
            wrong.push(format!("{error:#}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(anyhow!(wrong.join("\n"))) }
}

async fn delete_one(session: &Session, name: &str) -> Result<()> {
    // The record first: without it nobody comes in by the certificates, whatever the bindings say.
    let record = records(session).delete(&format!("{PREFIX}{name}"), &kube::api::DeleteParams::default()).await;
    let known = match record {
        Err(error) if problem::is_not_found(&error) => false,
        gone => gone.map(|_| true).map_err(|error| session.explain(error))?,
    };
    let bindings = rights::revoke(session, name).await?;
    if !known && bindings == 0 {
        bail!("user '{name}' not found");
    }
    report::line(&format!("User '{name}' deleted."))?;
    let left = rights::others_of(session, name).await?;
    if left.is_empty() {
        return Ok(());
    }
    report::line(&format!("These bindings were not made by 'ebb user' and still name '{name}': {}.", left.join(", ")))
}

#[cfg(test)]
mod tests;
