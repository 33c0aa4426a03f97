//! PACK_NAME.ACTION_NAME: reads its input as JSON from stdin and writes its result to the file that ATTUNE_RESULT names.

use serde_json::{json, Value};
use std::{env, error::Error, fs, io};

fn run(given: &Value) -> Value {
    let name = given["name"].as_str().unwrap_or_default();
    eprintln!("greeting {name}"); // what is printed is the action's log
    json!({"greeting": format!("hello {name}")})
}

fn main() -> Result<(), Box<dyn Error>> {
    let given = serde_json::from_reader(io::stdin())?;
    fs::write(env::var("ATTUNE_RESULT")?, run(&given).to_string())?;
    Ok(())
}
