//! The recorded requests: what a file of `tests/differential/` may say, and the values that steps hand to later steps.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ebb_tests::Result;
use serde::Deserialize;
use serde_json::Value;

/// One theme: a file. Its steps run in order, in a namespace named after the file (`${ns}`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    #[serde(skip)]
    pub name: String,
    /// What it is about.
    #[expect(dead_code, reason = "it is there for whoever reads the file")]
    pub about: String,
    pub steps: Vec<Step>,
}

/// One request, sent to both servers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it shows. The request itself when it says nothing.
    #[serde(default)]
    pub name: String,
    /// `METHOD /path?query`, in which `${value}` stands for what an earlier step kept.
    #[serde(rename = "do", default)]
    pub request: String,
    /// Who asks: `admin` (the default, by certificate), `nobody`, or the name of a user with a token.
    #[serde(rename = "as", default)]
    pub user: Option<String>,
    /// The media type of the body: `json`, `merge`, `strategic`, `patch`, `apply`, `yaml`, or written out.
    #[serde(rename = "type", default)]
    pub media_type: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Sent as JSON; a text is sent as it is.
    #[serde(default)]
    pub body: Option<Value>,
    /// The body is a YAML file of the tree, by its path from the tests' folder.
    #[serde(default)]
    pub file: Option<String>,
    /// Puts a text of so many bytes at a JSON pointer of the body.
    #[serde(default)]
    pub pad: Option<(String, usize)>,
    /// Values of the answer that later steps use: name and JSON pointer.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
    /// JSON pointers: only these parts of the body are compared.
    #[serde(default)]
    pub only: Vec<String>,
    /// The request is repeated so many times, `${i}` counting from 0.
    #[serde(default)]
    pub times: Option<usize>,
    /// The request is repeated until a JSON pointer of the answer has this text.
    #[serde(default)]
    pub until: Option<(String, String)>,
    /// Starts a watch of this name, which goes on while further steps run.
    #[serde(default)]
    pub begin: Option<String>,
    /// Ends the watch of this name, once it has told so many events; they are compared.
    #[serde(default)]
    pub end: Option<(String, usize)>,
    /// Not compared: it only prepares what follows. It must succeed on both.
    #[serde(default)]
    pub silent: bool,
}

impl Step {
    /// Reads the file that is its body.
    fn load(&mut self, dir: &Path) -> Result<()> {
        if let Some(file) = &self.file {
            let text = fs::read_to_string(dir.join("..").join(file)).map_err(|error| format!("{file}: {error}"))?;
            self.body = Some(serde_saphyr::from_str(&text)?);
        }
        Ok(())
    }

    /// What it is called in the report and in the list of differences.
    pub fn title(&self) -> &str {
        match &self.end {
            Some((watch, _)) if self.name.is_empty() => watch,
            _ if self.name.is_empty() => &self.request,
            _ => &self.name,
        }
    }
}

/// All themes, by name.
pub fn read(dir: &Path) -> Result<Vec<Theme>> {
    let mut paths: Vec<_> = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    let mut themes = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let text = fs::read_to_string(path)?;
        let mut theme: Theme = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        for step in &mut theme.steps {
            step.load(dir)?;
        }
        theme.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        themes.push(theme);
    }
    Ok(themes)
}

/// What steps kept from the answers of one server.
#[derive(Clone, Debug, Default)]
pub struct Kept(pub BTreeMap<String, String>);

impl Kept {
    /// Puts kept values in the place of their names.
    pub fn fill(&self, text: &str) -> Result<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| format!("{text}: a ${{ without its }}"))?;
            let value = self.0.get(name).ok_or_else(|| format!("{text}: nothing was kept as {name}"))?;
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The same in all texts of a value.
    pub fn fill_value(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill(text)?),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.fill_value(item)).collect::<Result<_>>()?),
            Value::Object(members) => {
                let filled = members.iter().map(|(name, value)| Ok((self.fill(name)?, self.fill_value(value)?)));
                Value::Object(filled.collect::<Result<_>>()?)
            }
            other => other.clone(),
        })
    }

    /// Keeps what a step says of an answer.
    pub fn keep(&mut self, step: &Step, answer: &Value) {
        for (name, pointer) in &step.keep {
            let text = match answer.pointer(pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                // The step that uses it will differ, and say so.
                None => format!("no-{name}"),
            };
            self.0.insert(name.clone(), text);
        }
    }
}
