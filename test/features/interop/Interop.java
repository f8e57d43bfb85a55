import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What Apache's own client writes and reads, for comparison. Commands come on standard input, a line each: `COMMAND TOPIC [ARGUMENT]`.
 * What each prints ends with a line that is a dot.
 */
public class Interop {
  static KafkaProducer<byte[], byte[]> open;

  public static void main(String[] arguments) throws Exception {
    String bootstrap = arguments[0];
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = lines.readLine()) != null; ) {
      String[] words = line.split(" ");
      String topic = words[1];
      switch (words[0]) {
        case "produce" -> produce(bootstrap, topic, words[2]);
        case "transactions" -> transactions(bootstrap, topic);
        case "open" -> openTransaction(bootstrap, topic);
        case "commit" -> commitTransaction(bootstrap, topic);
        case "consume" -> consume(bootstrap, topic);
        case "partitions" -> partitions(bootstrap, topic, words[2]);
        default -> throw new IllegalArgumentException(line);
      }
      System.out.println(".");
    }
  }

  static KafkaProducer<byte[], byte[]> producer(String bootstrap, String... settings) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    for (int at = 0; at < settings.length; at += 2) properties.put(settings[at], settings[at + 1]);
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  static byte[] bytes(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  /** 300 records in batches of one codec, with headers and nulls among them. */
  static void produce(String bootstrap, String topic, String codec) {
    try (var producer = producer(bootstrap, "compression.type", codec, "linger.ms", "50", "batch.size", "20000")) {
      for (int number = 0; number < 300; number++) {
        String key = number % 3 == 0 ? null : "key-" + number;
        String value = number % 7 == 0 ? null : "value " + number + " " + "é".repeat(number);
        var record = new ProducerRecord<>(topic, 0, 1_700_000_000_000L + number, bytes(key), bytes(value));
        if (number % 5 == 0) record.headers().add("number", bytes(Integer.toString(number))).add("null", null);
        producer.send(record);
      }
    }
  }

  /** Committed and aborted transactions of two producers, interleaved, and one producer with two aborts in a row. */
  static void transactions(String bootstrap, String topic) throws Exception {
    try (var one = producer(bootstrap, "transactional.id", topic + "-1"); var other = producer(bootstrap, "transactional.id", topic + "-2")) {
      one.initTransactions();
      other.initTransactions();
      for (int round = 0; round < 12; round++) {
        one.beginTransaction();
        other.beginTransaction();
        for (int number = 0; number < 5; number++) {
          one.send(new ProducerRecord<>(topic, 0, null, bytes((round % 3 == 0 ? "committed" : "aborted") + "-1-" + round + "-" + number))).get();
          other.send(new ProducerRecord<>(topic, 0, null, bytes((round % 2 == 0 ? "committed" : "aborted") + "-2-" + round + "-" + number))).get();
        }
        if (round % 3 == 0) one.commitTransaction(); else one.abortTransaction();
        if (round % 2 == 0) other.commitTransaction(); else other.abortTransaction();
      }
    }
    awaitMarkers(bootstrap, topic);
  }

  /** Three records outside, then two in a transaction that stays open. */
  static void openTransaction(String bootstrap, String topic) throws Exception {
    try (var plain = producer(bootstrap)) {
      for (int number = 0; number < 3; number++) plain.send(new ProducerRecord<>(topic, 0, null, bytes("before-" + number))).get();
    }
    open = producer(bootstrap, "transactional.id", topic + "-open");
    open.initTransactions();
    open.beginTransaction();
    for (int number = 0; number < 2; number++) open.send(new ProducerRecord<>(topic, 0, null, bytes("inside-" + number))).get();
  }

  static void commitTransaction(String bootstrap, String topic) throws Exception {
    open.commitTransaction();
    open.close();
    awaitMarkers(bootstrap, topic);
  }

  /** A transaction has ended for readers when its marker is written, a moment after its producer is told. */
  static void awaitMarkers(String bootstrap, String topic) throws Exception {
    var partitions = List.of(new TopicPartition(topic, 0));
    try (var committed = consumer(bootstrap, "read_committed"); var all = consumer(bootstrap, "read_uncommitted")) {
      while (!committed.endOffsets(partitions).equals(all.endOffsets(partitions))) Thread.sleep(20);
    }
  }

  static KafkaConsumer<byte[], byte[]> consumer(String bootstrap, String isolation) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("isolation.level", isolation);
    return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** Every record of partition 0 that a committed reader sees, a line each: offset, timestamp, type, key, value and headers in hex. */
  static void consume(String bootstrap, String topic) {
    try (var consumer = consumer(bootstrap, "read_committed")) {
      var partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          StringBuilder headers = new StringBuilder();
          for (Header header : record.headers()) headers.append(header.key()).append('=').append(hex(header.value())).append(';');
          System.out.println(String.join(" ", Long.toString(record.offset()), Long.toString(record.timestamp()), record.timestampType().name(),
              hex(record.key()), hex(record.value()), "[" + headers + "]"));
        }
      }
    }
  }

  /** The partition that the client chooses for each key. */
  static void partitions(String bootstrap, String topic, String keys) throws Exception {
    try (var producer = producer(bootstrap)) {
      for (String key : keys.split(",")) System.out.println(producer.send(new ProducerRecord<>(topic, bytes(key), bytes("v"))).get().partition());
    }
  }

  static String hex(byte[] bytes) {
    return bytes == null ? "null" : "x" + HexFormat.of().formatHex(bytes);
  }
}
