//! The command tree, in one place: which commands exist, what each takes, and who carries it out.
//!
//! This module must not do any command's work.

use std::ffi::OsString;

use anyhow::Result;
use clap::{Args, FromArgMatches, Parser, Subcommand};

use crate::args::domain::{DomainCreateArgs, DomainDeleteArgs, DomainListArgs, DomainUpdateArgs};
use crate::args::edit::{EditArgs, FileArgs};
use crate::args::global::{GlobalArgs, NamespaceArgs};
use crate::args::lists::{
    ListArgs, LogsArgs, NamedArgs, RevisionDeleteArgs, RevisionListArgs, ServiceDeleteArgs, ServiceDescribeArgs, ServiceExportArgs,
    ServiceImportArgs, ServiceListArgs, ServiceWaitArgs,
};
use crate::args::more::{DiffArgs, RollbackArgs, ServiceTrafficArgs, TopArgs, WhyArgs};
use crate::args::output::TargetArgs;
use crate::args::problem::Unread;
use crate::args::secret::{SecretCreateArgs, SecretDeleteArgs, SecretListArgs};
use crate::args::traffic::{TagArgs, TrafficArgs};
use crate::args::user::{self, UserCreateArgs, UserDeleteArgs, UserListArgs};
use crate::args::wait::WaitArgs;
use crate::args::{help, problem};
use crate::run;
#[cfg(feature = "up")]
use crate::up;

/// The whole command line.
#[derive(Parser, Clone, Debug)]
#[command(
    name = "ebb",
    bin_name = "ebb",
    about = "Scale-to-zero serving with revisions and traffic splitting",
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Manage services
    #[command(subcommand, visible_aliases = ["ksvc", "services"], after_help = help::SERVICE)]
    Service(Box<Service>),
    /// Manage revisions
    #[command(subcommand, visible_alias = "revisions")]
    Revision(Revision),
    /// Look at routes
    #[command(subcommand, visible_alias = "routes")]
    Route(Route),
    /// Map domains to services
    #[command(subcommand, visible_alias = "domains")]
    Domain(Domain),
    /// Print container definitions
    #[command(subcommand, visible_alias = "containers")]
    Container(Box<Container>),
    /// Run everything on this machine in one process
    #[command(after_help = help::UP)]
    #[cfg(feature = "up")]
    Up(up::UpArgs),
    /// Manage who may use the server
    #[command(subcommand, visible_alias = "users", after_help = user::USER)]
    User(User),
    /// Show what services do now: pods, requests, latencies, cold starts
    #[command(after_help = help::TOP, override_usage = "ebb top [NAME...] [OPTIONS]")]
    Top(TopArgs),
    /// Names of objects, for completion
    #[command(name = "__names", hide = true)]
    Names(NamesArgs),
    /// Manage secrets
    #[command(subcommand, visible_alias = "secrets")]
    Secret(Secret),
    /// Look at plugins
    #[command(subcommand, visible_alias = "plugins", after_help = help::PLUGIN)]
    Plugin(Plugin),
    /// Print the flags that every command takes
    #[command(hide = true)]
    Options(OptionsArgs),
    /// Print the version
    Version(VersionArgs),
    /// Print the completion script of a shell
    #[command(after_help = help::COMPLETION, override_usage = "ebb completion bash|fish|powershell|zsh")]
    Completion(CompletionArgs),
}

/// What can be done with services.
#[derive(Subcommand, Clone, Debug)]
pub enum Service {
    /// Create a service
    #[command(after_help = help::SERVICE_CREATE, override_usage = "ebb service create NAME [--cmd WORD... | --image IMAGE | -f FILE] [OPTIONS]")]
    Create(CreateArgs),
    /// Change a service
    #[command(after_help = help::SERVICE_UPDATE, override_usage = "ebb service update NAME [OPTIONS]")]
    Update(UpdateArgs),
    /// Bring a service to a declared state, creating it if needed
    #[command(after_help = help::SERVICE_APPLY, override_usage = "ebb service apply NAME [--cmd WORD... | --image IMAGE | -f FILE] [OPTIONS]")]
    Apply(ApplyArgs),
    /// Delete services
    #[command(after_help = help::SERVICE_DELETE, override_usage = "ebb service delete NAME... | --all [OPTIONS]")]
    Delete(ServiceDeleteArgs),
    /// Show details of a service
    #[command(after_help = help::SERVICE_DESCRIBE, override_usage = "ebb service describe NAME [OPTIONS]")]
    Describe(ServiceDescribeArgs),
    /// List services
    #[command(visible_alias = "ls", after_help = help::SERVICE_LIST, override_usage = "ebb service list [NAME] [OPTIONS]")]
    List(ServiceListArgs),
    /// Say why a service is as it is: not ready, cold, with so many pods, failing
    #[command(after_help = help::SERVICE_WHY, override_usage = "ebb service why NAME [OPTIONS]")]
    Why(WhyArgs),
    /// Show, and set, who gets how much of the traffic
    #[command(after_help = help::SERVICE_TRAFFIC, override_usage = "ebb service traffic NAME [OPTIONS]")]
    Traffic(ServiceTrafficArgs),
    /// Send all traffic back to an earlier revision
    #[command(after_help = help::SERVICE_ROLLBACK, override_usage = "ebb service rollback NAME [--to REVISION] [OPTIONS]")]
    Rollback(RollbackArgs),
    /// Show what differs between revisions, or between a service and a file
    #[command(after_help = help::SERVICE_DIFF, override_usage = "ebb service diff NAME [--from REVISION] [--to REVISION] | -f FILE [OPTIONS]")]
    Diff(DiffArgs),
    /// Print what a service's pods write
    #[command(after_help = help::SERVICE_LOGS, override_usage = "ebb service logs NAME [OPTIONS]")]
    Logs(LogsArgs),
    /// Wait until a service is ready
    #[command(after_help = help::SERVICE_WAIT, override_usage = "ebb service wait NAME [OPTIONS]")]
    Wait(ServiceWaitArgs),
    /// Print a service and its revisions for import elsewhere
    #[command(after_help = help::SERVICE_EXPORT, override_usage = "ebb service export NAME -o FORMAT [OPTIONS]")]
    Export(ServiceExportArgs),
    /// Create a service and its revisions from an export
    #[command(after_help = help::SERVICE_IMPORT, override_usage = "ebb service import FILE [OPTIONS]")]
    Import(ServiceImportArgs),
}

/// What can be done with revisions.
#[derive(Subcommand, Clone, Debug)]
pub enum Revision {
    /// List revisions
    #[command(visible_alias = "ls", after_help = help::REVISION_LIST, override_usage = "ebb revision list [NAME] [OPTIONS]")]
    List(RevisionListArgs),
    /// Show details of a revision
    #[command(override_usage = "ebb revision describe NAME [OPTIONS]")]
    Describe(NamedArgs),
    /// Delete revisions
    #[command(after_help = help::REVISION_DELETE, override_usage = "ebb revision delete NAME... | --prune SERVICE | --prune-all [OPTIONS]")]
    Delete(RevisionDeleteArgs),
}

/// What can be done with routes.
#[derive(Subcommand, Clone, Debug)]
pub enum Route {
    /// List routes
    #[command(visible_alias = "ls", after_help = help::ROUTE_LIST, override_usage = "ebb route list [NAME] [OPTIONS]")]
    List(ListArgs),
    /// Show details of a route
    #[command(override_usage = "ebb route describe NAME [OPTIONS]")]
    Describe(NamedArgs),
}

/// What can be done with domains.
#[derive(Subcommand, Clone, Debug)]
pub enum Domain {
    /// Map a domain to a service or a route
    #[command(after_help = help::DOMAIN_CREATE, override_usage = "ebb domain create DOMAIN --ref [KIND:]NAME[:NAMESPACE] [OPTIONS]")]
    Create(DomainCreateArgs),
    /// Map a domain to something else
    #[command(override_usage = "ebb domain update DOMAIN --ref [KIND:]NAME[:NAMESPACE] [OPTIONS]")]
    Update(DomainUpdateArgs),
    /// List domain mappings
    #[command(visible_alias = "ls", override_usage = "ebb domain list [OPTIONS]")]
    List(DomainListArgs),
    /// Show details of a domain mapping
    #[command(override_usage = "ebb domain describe DOMAIN [OPTIONS]")]
    Describe(NamedArgs),
    /// Delete a domain mapping
    #[command(override_usage = "ebb domain delete DOMAIN [OPTIONS]")]
    Delete(DomainDeleteArgs),
}

/// What can be done with secrets.
#[derive(Subcommand, Clone, Debug)]
pub enum Secret {
    /// Create a secret
    #[command(after_help = help::SECRET_CREATE, override_usage = "ebb secret create NAME [OPTIONS]")]
    Create(SecretCreateArgs),
    /// List secrets
    #[command(visible_alias = "ls", override_usage = "ebb secret list [OPTIONS]")]
    List(SecretListArgs),
    /// Show the keys of a secret, not their values
    #[command(override_usage = "ebb secret describe NAME [OPTIONS]")]
    Describe(NamedArgs),
    /// Delete a secret
    #[command(override_usage = "ebb secret delete NAME [OPTIONS]")]
    Delete(SecretDeleteArgs),
}

/// What can be done with plugins.
#[derive(Subcommand, Clone, Debug)]
pub enum Plugin {
    /// List plugins
    #[command(visible_alias = "ls")]
    List(PluginListArgs),
}

/// What can be done with containers.
#[derive(Subcommand, Clone, Debug)]
pub enum Container {
    /// Print a container for 'service create --containers'
    #[command(after_help = help::CONTAINER_ADD, override_usage = "ebb container add NAME --image IMAGE [OPTIONS]")]
    Add(ContainerAddArgs),
}

/// What can be done with users.
#[derive(Subcommand, Clone, Debug)]
pub enum User {
    /// Create a user and print a kubeconfig that admits it
    #[command(after_help = user::USER_CREATE, override_usage = "ebb user create NAME [OPTIONS]")]
    Create(UserCreateArgs),
    /// List users
    #[command(visible_alias = "ls", override_usage = "ebb user list")]
    List(UserListArgs),
    /// Delete users
    #[command(after_help = user::USER_DELETE, override_usage = "ebb user delete NAME...")]
    Delete(UserDeleteArgs),
}

/// `service create`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct CreateArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub file: FileArgs,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub edit: EditArgs,
    #[command(flatten)]
    pub tags: TagArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `service update`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct UpdateArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub edit: EditArgs,
    #[command(flatten)]
    pub traffic: TrafficArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `service apply`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ApplyArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub file: FileArgs,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub edit: EditArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `container add`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ContainerAddArgs {
    /// Name of the container
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub pod: crate::args::edit::PodArgs,
}

/// `plugin list`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct PluginListArgs {
    /// Also where they are looked for
    #[arg(long)]
    pub verbose: bool,
}

/// `__names`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct NamesArgs {
    /// service, revision, route, domain or secret
    pub kind: String,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

/// `options`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct OptionsArgs {
    /// Nothing
    #[arg(hide = true)]
    pub words: Vec<String>,
}

/// `version`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct VersionArgs {
    /// Output format: json or yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}

/// `completion`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct CompletionArgs {
    /// bash, fish, powershell or zsh
    #[arg(value_name = "SHELL")]
    pub shells: Vec<String>,
}

/// The tree as clap knows it, with the rules that hold for all commands.
#[must_use]
pub fn tree() -> clap::Command {
    help::grouped(problem::like_go(<Cli as clap::CommandFactory>::command()))
}

/// Reads a command line.
///
/// # Errors
/// What is wrong with it, or the help or version text that it asked for.
pub fn read(words: &[OsString]) -> Result<Cli, Unread> {
    let mut tree = tree();
    tree.build();
    let words = problem::plain_bools(&tree, words).map_err(Unread::Wrong)?;
    let matches = tree.try_get_matches_from_mut(&words).map_err(|error| problem::explain(&error, &tree, &words))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| problem::explain(&error, &tree, &words))?;
    problem::once_only(&cli).map_err(Unread::Wrong)?;
    Ok(cli)
}

/// Carries a command out.
///
/// # Errors
/// Why it could not be done.
pub fn dispatch(cli: Cli) -> Result<()> {
    let Cli { global, command } = cli;
    match command {
        #[cfg(feature = "up")]
        Command::Up(args) => up::run(global.data_dir, args),
        Command::Version(args) => run::version::run(&args),
        Command::Completion(args) => run::completion::run(&args),
        Command::Options(args) => run::plugin::options(&args.words),
        Command::Plugin(Plugin::List(args)) => run::plugin::list(&global, &args),
        Command::Container(command) => match *command {
            Container::Add(args) => run::container::add(&args),
        },
        Command::Service(command) => run::in_runtime(service(global, *command)),
        Command::Revision(command) => run::in_runtime(revision(global, command)),
        Command::Route(command) => run::in_runtime(route(global, command)),
        Command::User(command) => run::in_runtime(people(global, command)),
        Command::Top(args) => run::in_runtime(run::top::run(&global, &args)),
        Command::Names(args) => run::in_runtime(run::names::run(&global, &args)),
        Command::Domain(command) => run::in_runtime(domain(global, command)),
        Command::Secret(command) => run::in_runtime(secret(global, command)),
    }
}

async fn service(global: GlobalArgs, command: Service) -> Result<()> {
    match command {
        Service::Create(args) => run::create::run(&global, &args).await,
        Service::Update(args) => run::update::run(&global, &args).await,
        Service::Apply(args) => run::apply::run(&global, &args).await,
        Service::Delete(args) => run::delete::services(&global, &args).await,
        Service::Describe(args) => run::describe::service(&global, &args).await,
        Service::List(args) => run::list::services(&global, &args).await,
        Service::Logs(args) => run::logs::run(&global, &args).await,
        Service::Why(args) => run::why::run(&global, &args).await,
        Service::Traffic(args) => run::rollback::shares(&global, &args).await,
        Service::Rollback(args) => run::rollback::back(&global, &args).await,
        Service::Diff(args) => run::diff::run(&global, &args).await,
        Service::Wait(args) => run::wait::run(&global, &args).await,
        Service::Export(args) => run::export::run(&global, &args).await,
        Service::Import(args) => run::import::run(&global, &args).await,
    }
}

async fn people(global: GlobalArgs, command: User) -> Result<()> {
    match command {
        User::Create(args) => run::user::create(&global, &args).await,
        User::List(args) => run::user::list(&global, &args).await,
        User::Delete(args) => run::user::delete(&global, &args).await,
    }
}

async fn revision(global: GlobalArgs, command: Revision) -> Result<()> {
    match command {
        Revision::List(args) => run::list::revisions(&global, &args).await,
        Revision::Describe(args) => run::describe::revision(&global, &args).await,
        Revision::Delete(args) => run::delete::revisions(&global, &args).await,
    }
}

async fn route(global: GlobalArgs, command: Route) -> Result<()> {
    match command {
        Route::List(args) => run::list::routes(&global, &args).await,
        Route::Describe(args) => run::describe::route(&global, &args).await,
    }
}

async fn domain(global: GlobalArgs, command: Domain) -> Result<()> {
    match command {
        Domain::Create(args) => run::domain::create(&global, &args).await,
        Domain::Update(args) => run::domain::update(&global, &args).await,
        Domain::List(args) => run::domain::list(&global, &args).await,
        Domain::Describe(args) => run::domain::describe(&global, &args).await,
        Domain::Delete(args) => run::domain::delete(&global, &args).await,
    }
}

async fn secret(global: GlobalArgs, command: Secret) -> Result<()> {
    match command {
        Secret::Create(args) => run::secret::create(&global, &args).await,
        Secret::List(args) => run::secret::list(&global, &args).await,
        Secret::Describe(args) => run::secret::describe(&global, &args).await,
        Secret::Delete(args) => run::secret::delete(&global, &args).await,
    }
}

#[cfg(test)]
mod tests;
