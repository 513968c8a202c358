//! What a user may do, as bindings of Kubernetes' own roles.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef, Subject};
use kube::Api;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};

use super::LABEL;
use crate::connect::problem;
use crate::connect::session::Session;

const GROUP: &str = "rbac.authorization.k8s.io";

/// What a user may do.
#[derive(Clone, Debug, PartialEq)]
pub struct Rights {
    namespace: Option<String>,
    read_only: bool,
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.namespace, self.read_only) {
            (Some(namespace), false) => write!(f, "work in namespace '{namespace}'"),
            (Some(namespace), true) => write!(f, "look at namespace '{namespace}'"),
            (None, false) => f.write_str("do everything"),
            (None, true) => f.write_str("look at all namespaces"),
        }
    }
}

impl Rights {
    /// In a namespace, or everywhere.
    pub fn new(namespace: Option<String>, read_only: bool) -> Self {
        Self { namespace, read_only }
    }

    /// The name of the role that gives them.
    pub fn role(&self) -> &'static str {
        match (&self.namespace, self.read_only) {
            (_, true) => "view",
            (Some(_), false) => "edit",
            (None, false) => "cluster-admin",
        }
    }

    fn role_ref(&self) -> RoleRef {
        RoleRef { api_group: Some(GROUP.to_owned()), kind: "ClusterRole".to_owned(), name: self.role().to_owned() }
    }

    /// Gives them to a user, in the place of other ones at the same place.
    ///
    /// # Errors
    /// What the server has against it.
    pub async fn grant(&self, session: &Session, name: &str) -> Result<()> {
        let metadata = ObjectMeta {
            name: Some(format!("ebb-user-{name}")),
            labels: Some([(LABEL.to_owned(), name.to_owned())].into()),
            ..ObjectMeta::default()
        };
        let subjects =
            Some(vec![Subject { api_group: Some(GROUP.to_owned()), kind: "User".to_owned(), name: name.to_owned(), namespace: None }]);
        let role_ref = self.role_ref();
        let explain = |error| session.explain(error);
        match &self.namespace {
            Some(namespace) => {
                let api = Api::namespaced(session.client(), namespace);
                replace(&api, &RoleBinding { metadata, role_ref, subjects }, |binding| &binding.role_ref).await.map_err(explain)
            }
            None => {
                let api = Api::all(session.client());
                replace(&api, &ClusterRoleBinding { metadata, role_ref, subjects }, |binding| &binding.role_ref).await.map_err(explain)
            }
        }
    }
}

/// Creates a binding. One of the same name that gives another role is replaced: a binding cannot change its role.
async fn replace<K>(api: &Api<K>, binding: &K, role: impl Fn(&K) -> &RoleRef) -> Result<(), kube::Error>
where
    K: kube::Resource + Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let name = binding.name_any();
    match api.create(&PostParams::default(), binding).await {
        Err(error) if problem::already_exists(&error) => {
            if role(&api.get(&name).await?) == role(binding) {
                return Ok(());
            }
            api.delete(&name, &DeleteParams::default()).await?;
            api.create(&PostParams::default(), binding).await.map(drop)
        }
        made => made.map(drop),
    }
}

async fn bindings(session: &Session, params: &ListParams) -> Result<(Vec<ClusterRoleBinding>, Vec<RoleBinding>)> {
    let explain = |error| session.explain(error);
    let everywhere = Api::<ClusterRoleBinding>::all(session.client()).list(params).await.map_err(explain)?;
    let somewhere = Api::<RoleBinding>::all(session.client()).list(params).await.map_err(explain)?;
    Ok((everywhere.items, somewhere.items))
}

/// What each user may do, by name.
///
/// # Errors
/// What the server has against it.
pub async fn of_all(session: &Session) -> Result<BTreeMap<String, Vec<String>>> {
    let (everywhere, somewhere) = bindings(session, &ListParams::default().labels(LABEL)).await?;
    let everywhere = everywhere.iter().map(|binding| (binding.labels(), binding.role_ref.name.clone()));
    let somewhere = somewhere.iter().map(|binding| {
        let told = format!("{} in {}", binding.role_ref.name, binding.namespace().unwrap_or_default());
        (binding.labels(), told)
    });
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (labels, told) in everywhere.chain(somewhere) {
        all.entry(labels.get(LABEL).cloned().unwrap_or_default()).or_default().push(told);
    }
    Ok(all)
}

/// Takes from a user everything that was given by `user create`, and says how much that was.
///
/// # Errors
/// What the server has against it.
pub async fn revoke(session: &Session, name: &str) -> Result<usize> {
    let (everywhere, somewhere) = bindings(session, &ListParams::default().labels(&format!("{LABEL}={name}"))).await?;
    let params = DeleteParams::default();
    let gone = |result: Result<(), kube::Error>| match result {
        Err(error) if problem::is_not_found(&error) => Ok(()),
        other => other.map_err(|error| session.explain(error)),
    };
    for binding in &everywhere {
        let api: Api<ClusterRoleBinding> = Api::all(session.client());
        gone(api.delete(&binding.name_any(), &params).await.map(drop))?;
    }
    for binding in &somewhere {
        let api: Api<RoleBinding> = Api::namespaced(session.client(), &binding.namespace().unwrap_or_default());
        gone(api.delete(&binding.name_any(), &params).await.map(drop))?;
    }
    Ok(everywhere.len() + somewhere.len())
}

/// The bindings that name a user although `user create` did not make them.
///
/// # Errors
/// What the server has against it.
pub async fn others_of(session: &Session, name: &str) -> Result<Vec<String>> {
    let (everywhere, somewhere) = bindings(session, &ListParams::default()).await?;
    let names = |subjects: &Option<Vec<Subject>>| subjects.iter().flatten().any(|subject| subject.kind == "User" && subject.name == name);
    let everywhere = everywhere.iter().filter(|binding| names(&binding.subjects)).map(|binding| binding.name_any());
    let somewhere = somewhere.iter().filter(|binding| names(&binding.subjects));
    let somewhere = somewhere.map(|binding| format!("{}/{}", binding.namespace().unwrap_or_default(), binding.name_any()));
    Ok(everywhere.chain(somewhere).collect())
}
