import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Consumers of Apache's own client that instances cannot join, in one process: `OtherConsumers BOOTSTRAP TOPIC SHARE COOPERATIVE
 * NEWER`, the last three being groups. A line for each that dies. They leave when the input ends.
 */
public class OtherConsumers {
  public static void main(String[] arguments) throws Exception {
    String bootstrap = arguments[0];
    List<String> topics = List.of(arguments[1]);
    String cooperative = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    run(() -> {
      try (var consumer = new KafkaShareConsumer<>(of(bootstrap, arguments[2]), bytes(), bytes())) {
        consumer.subscribe(topics);
        while (true) consumer.poll(Duration.ofMillis(100));
      }
    });
    run(() -> consume(of(bootstrap, arguments[3], "partition.assignment.strategy", cooperative), topics));
    run(() -> consume(of(bootstrap, arguments[4], "group.protocol", "consumer"), topics));
    while (System.in.read() >= 0);
    System.exit(0);
  }

  static void run(Runnable consumer) {
    new Thread(() -> {
      try {
        consumer.run();
      } catch (Exception error) {
        System.out.println(error);
      }
    }).start();
  }

  static void consume(Properties properties, List<String> topics) {
    try (var consumer = new KafkaConsumer<>(properties, bytes(), bytes())) {
      consumer.subscribe(topics);
      while (true) consumer.poll(Duration.ofMillis(100));
    }
  }

  static Properties of(String bootstrap, String group, String... more) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("group.id", group);
    for (int at = 0; at < more.length; at += 2) properties.put(more[at], more[at + 1]);
    return properties;
  }

  static ByteArrayDeserializer bytes() {
    return new ByteArrayDeserializer();
  }
}
