// Runs Apache Kafka Connect's own transforms, so that a test can hold ours against them (host/tests/it/live_connect.rs).
//
// One case a line on standard input, one answer a line on standard output. Payloads are text inside the JSON, so that
// they pass byte by byte; one that is missing is absent (a tombstone). As Connect does with
// `schemas.enable=false`, a payload goes through JsonConverter, the transform, and JsonConverter again.
//
//   {"transform": "MaskField$Value", "config": {"fields": "a"}, "topic": "t", "partition": 0, "offset": 7,
//    "timestamp": 1700000000000, "key": "1", "value": "{\"a\":1}"}
//
//   {"topic": "t", "key": "1", "value": "{\"a\":0}"}   or   {"dropped": true}
//   or {"config_error": "..."}   or   {"error": "..."}

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Transformation;

public final class Oracle {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonConverter KEYS = converter(true);
    private static final JsonConverter VALUES = converter(false);

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
        }
        out.flush();
    }

    private static ObjectNode answer(JsonNode request) {
        Transformation<SinkRecord> transform;
        try {
            transform = configured(request.get("transform").asText(), request.get("config"));
        } catch (Exception e) {
            return failure("config_error", e);
        }
        try (transform) {
            SinkRecord after = transform.apply(record(request));
            return after == null ? JSON.createObjectNode().put("dropped", true) : written(after);
        } catch (Exception e) {
            return failure("error", e);
        }
    }

    @SuppressWarnings("unchecked")
    private static Transformation<SinkRecord> configured(String name, JsonNode config) throws ReflectiveOperationException {
        Class<?> type = Class.forName("org.apache.kafka.connect.transforms." + name);
        Transformation<SinkRecord> transform = (Transformation<SinkRecord>) type.getDeclaredConstructor().newInstance();
        Map<String, String> settings = new HashMap<>();
        config.properties().forEach(setting -> settings.put(setting.getKey(), setting.getValue().textValue()));
        transform.configure(settings);
        return transform;
    }

    private static SinkRecord record(JsonNode request) {
        String topic = request.get("topic").asText();
        SchemaAndValue key = KEYS.toConnectData(topic, bytes(request.get("key")));
        SchemaAndValue value = VALUES.toConnectData(topic, bytes(request.get("value")));
        JsonNode timestamp = request.get("timestamp");
        return new SinkRecord(topic, request.get("partition").asInt(), key.schema(), key.value(), value.schema(), value.value(),
            request.get("offset").asLong(), timestamp == null ? null : timestamp.asLong(), TimestampType.CREATE_TIME);
    }

    private static ObjectNode written(SinkRecord record) {
        ObjectNode answer = JSON.createObjectNode().put("topic", record.topic());
        put(answer, "key", KEYS, record.topic(), record.keySchema(), record.key());
        put(answer, "value", VALUES, record.topic(), record.valueSchema(), record.value());
        return answer;
    }

    private static void put(ObjectNode answer, String name, JsonConverter converter, String topic, Schema schema, Object value) {
        byte[] payload = converter.fromConnectData(topic, schema, value);
        if (payload != null) {
            answer.put(name, new String(payload, StandardCharsets.UTF_8));
        }
    }

    private static ObjectNode failure(String kind, Exception e) {
        return JSON.createObjectNode().put(kind, e.getClass().getSimpleName() + ": " + e.getMessage());
    }

    private static byte[] bytes(JsonNode text) {
        return text == null ? null : text.textValue().getBytes(StandardCharsets.UTF_8);
    }

    private static JsonConverter converter(boolean isKey) {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", "false"), isKey);
        return converter;
    }
}
