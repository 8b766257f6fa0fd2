//! `DescribeConfigs`, `AlterConfigs` and `IncrementalAlterConfigs`.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, alter_configs_response,
    incremental_alter_configs_request, incremental_alter_configs_response,
};
use kafka_protocol::protocol::StrBytes;

use super::refusal::Explained;
use super::text;
use crate::configs::KNOWN;
use crate::state::{NODE, State};
use crate::topics::TopicError;

/// The kinds of resources that have configs here.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Where a value comes from.
const SET_FOR_TOPIC: i8 = 1;
const SET_AT_START: i8 = 4;
const DEFAULT: i8 = 5;

/// Types of the node's configs, by the protocol's numbers.
const BOOLEAN: i8 = 1;
const INT: i8 = 3;

/// Lists configs with their values.
pub(super) fn describe_configs(
    state: &State,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let describe = |resource: DescribeConfigsResource| {
        let configs = configs_of(state, &resource);
        let (code, message) = Explained::parts(&configs);
        let wanted = resource.configuration_keys;
        let is_wanted = |config: &DescribeConfigsResourceResult| {
            wanted.as_ref().is_none_or(|keys| keys.is_empty() || keys.contains(&config.name))
        };
        DescribeConfigsResult::default()
            .with_error_code(code)
            .with_error_message(message)
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name)
            .with_configs(configs.unwrap_or_default().into_iter().filter(is_wanted).collect())
    };
    DescribeConfigsResponse::default()
        .with_results(request.resources.into_iter().map(describe).collect())
}

fn configs_of(
    state: &State,
    resource: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, Explained> {
    let name = resource.resource_name.as_str();
    match resource.resource_type {
        TOPIC => {
            let topic = state.topics.get(name);
            let topic = topic.ok_or_else(|| TopicError::Unknown { name: name.to_owned() })?;
            let config = |known: &crate::configs::Known| {
                let set = topic.configs.set.get(known.name);
                let source = if set.is_some() { SET_FOR_TOPIC } else { DEFAULT };
                let value = set.map_or(known.default, String::as_str);
                described(known.name, value, known.type_number()).with_config_source(source)
            };
            Ok(KNOWN.iter().map(config).collect())
        }
        BROKER if name.parse() == Ok(NODE) => {
            let settings = &state.settings;
            let configs = [
                ("auto.create.topics.enable", settings.auto_create_topics.to_string(), BOOLEAN),
                ("num.partitions", settings.partitions.to_string(), INT),
            ];
            let config = |(name, value, kind): (&'static str, String, i8)| {
                described(name, &value, kind).with_config_source(SET_AT_START).with_read_only(true)
            };
            Ok(configs.map(config).to_vec())
        }
        kind => Err(no_configs(kind, name)),
    }
}

fn described(name: &'static str, value: &str, kind: i8) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_static_str(name))
        .with_value(Some(text(value)))
        .with_config_type(kind)
}

fn no_configs(kind: i8, name: &str) -> Explained {
    let message = format!(
        "resource `{name}` of type {kind} has no configs here; expected a topic (type {TOPIC}) or node {NODE} (type {BROKER})"
    );
    Explained::new(ResponseError::InvalidRequest, message)
}

/// Replaces configs of topics: what is not named returns to its default.
pub(super) fn alter_configs(state: &State, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let only_check = request.validate_only;
    let alter =
        |resource: kafka_protocol::messages::alter_configs_request::AlterConfigsResource| {
            let configs = resource.configs.iter();
            let set = configs
                .filter_map(|it| Some((it.name.to_string(), it.value.as_ref()?.to_string())));
            let altered = alter(
                state,
                resource.resource_type,
                &resource.resource_name,
                only_check,
                |configs| {
                    *configs = set.collect();
                    Ok(())
                },
            );
            let (code, message) = Explained::parts(&altered);
            alter_configs_response::AlterConfigsResourceResponse::default()
                .with_error_code(code)
                .with_error_message(message)
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name)
        };
    AlterConfigsResponse::default()
        .with_responses(request.resources.into_iter().map(alter).collect())
}

/// Changes some configs of topics.
pub(super) fn incremental_alter_configs(
    state: &State,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let only_check = request.validate_only;
    let alter = |resource: incremental_alter_configs_request::AlterConfigsResource| {
        let altered =
            alter(state, resource.resource_type, &resource.resource_name, only_check, |configs| {
                resource.configs.iter().try_for_each(|change| apply(configs, change))
            });
        let (code, message) = Explained::parts(&altered);
        incremental_alter_configs_response::AlterConfigsResourceResponse::default()
            .with_error_code(code)
            .with_error_message(message)
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name)
    };
    let responses = request.resources.into_iter().map(alter).collect();
    IncrementalAlterConfigsResponse::default().with_responses(responses)
}

/// Sets or unsets one config. The lists are single words here, so nothing is appended to them or taken from them.
fn apply(
    configs: &mut BTreeMap<String, String>,
    change: &incremental_alter_configs_request::AlterableConfig,
) -> Result<(), Explained> {
    match (change.config_operation, &change.value) {
        (0, Some(value)) => {
            configs.insert(change.name.to_string(), value.to_string());
        }
        (1, _) => {
            configs.remove(change.name.as_str());
        }
        (operation, _) => {
            let name = change.name.as_str();
            let message = format!(
                "operation {operation} on `{name}` is not served; expected 0 (set) with a value, or 1 (delete)"
            );
            return Err(Explained::new(ResponseError::InvalidRequest, message));
        }
    }
    Ok(())
}

fn alter(
    state: &State,
    kind: i8,
    name: &str,
    only_check: bool,
    change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Explained>,
) -> Result<(), Explained> {
    if kind != TOPIC {
        return Err(no_configs(kind, name));
    }
    state.topics.configure(name, only_check, change)
}
