//! Where ebb's output differs from kn's on purpose, each with its reason.

/// A difference that is meant.
pub struct Listed {
    /// How the command begins.
    pub command: &'static str,
    /// What the differing lines have in them, on either side.
    pub line: &'static str,
    /// Why.
    #[expect(dead_code, reason = "it is for the reader")]
    pub because: &'static str,
}

const fn listed(command: &'static str, line: &'static str, because: &'static str) -> Listed {
    Listed { command, line, because }
}

const GO: &str = "Go prints empty structs and times of its types; they say nothing";
const HOST: &str = "a command on this machine runs in the directory in which it was typed";
const OURS: &str = "commands that only ebb has";
const FILES: &str = "the words of Go's library about files; ebb also says what it wanted to do";
const MORE: &str = "ebb says more";

/// All of them. An empty command is any command.
pub const LISTED: &[Listed] = &[
    listed("version", "", "each program tells its own version, and ebb has no eventing"),
    listed("", "creationTimestamp: null", GO),
    listed("", "resources: {}", GO),
    listed("", "status: {}", GO),
    listed("service export", "metadata:", GO),
    listed("service describe shop -o go-template='{{.spec}}'", "", HOST),
    listed("service export", "revisions", "ebb writes a list without items, Go a null"),
    listed("", "\"resources\":{}", GO),
    listed("", "orkingDir", HOST),
    listed("", "Warning: Kubernetes default value is insecure", "nobody who starts a process on this machine can act on it"),
    listed("service update e ", "", "kn cannot take an annotation away by --annotation-service; ebb can"),
    listed("service describe shop -o jsonpath='{.status.nothing}' --allow", "", "kn prints the whole object to show what is missing"),
    listed(
        "service describe shop -o go-template='{{.metadata.nothing}}' --allow",
        "",
        "kn prints the whole object to show what is missing",
    ),
    listed("route describe shop -o url", "", "kn has it for services and domains only"),
    listed("service export shop --mode wrong", "", "kn takes any unknown mode for 'export'"),
    listed("service delete shop --target", "shop", "ebb says that there is no such service"),
    listed("service list --target nowhere", "nowhere", FILES),
    listed("service", "Available sub-commands: ", OURS),
    listed("secret", "Available sub-commands: ", OURS),
    listed("service create a", "requires the image name", MORE),
    listed("service apply a", "Error: ", "kn lets the server say that the image is missing"),
    listed("completion tcsh", "shell completion is supported", "ebb also says what it was given"),
    listed("service create a --image b --limit", "quantities must match", MORE),
    listed("service create a --image b --env-file nowhere", "nowhere", FILES),
    listed("service create a --image b --revision-name", "Nope", "ebb tells what is known instead of Go's type"),
    listed("service create -f nowhere.yaml", "nowhere.yaml", FILES),
    listed("service create -f env.txt", "Error: ", "ebb names the file"),
    listed("service import nowhere.yaml", "nowhere.yaml", FILES),
    listed("service import shop.yaml", "only kn's custom export format", "ebb names the file"),
    listed("service list --context nowhere", "nowhere", "the words of another client library"),
    listed("secret create gone", "nowhere.pem", FILES),
    listed("secret delete short", "Secret 'short' deleted", "kn says nothing"),
    listed("secret list -o yaml", "", GO),
    listed("secret list -o name", "", "kn asks the items of a list for their kind, which no server says; ebb prints names"),
    listed("fails", "exit status 3", "a plugin's own exit code is kept"),
    listed("fails", "1", "a plugin's own exit code is kept"),
    listed("fails", "3", "a plugin's own exit code is kept"),
];
