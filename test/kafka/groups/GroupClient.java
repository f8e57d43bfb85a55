import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A consumer of Apache's own client in a group: `GroupClient BOOTSTRAP GROUP TOPIC [setting=value…]`. A line for each
 * rebalance callback: `assigned topic-0,topic-1` or `revoked …`; `died …` if it throws. It leaves when its input ends.
 */
public class GroupClient {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    properties.put("group.id", arguments[1]);
    properties.put("auto.offset.reset", "earliest");
    properties.put("enable.auto.commit", "false");
    properties.put("heartbeat.interval.ms", "200");
    for (int at = 3; at < arguments.length; at++) properties.put(arguments[at].split("=")[0], arguments[at].split("=")[1]);
    // Settings that a group of KIP-848 leaves to the broker.
    if ("consumer".equals(properties.get("group.protocol"))) properties.remove("heartbeat.interval.ms");
    Thread ended = new Thread(() -> { try { while (System.in.read() >= 0); } catch (Exception over) { } });
    ended.setDaemon(true);
    ended.start();
    try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(arguments[2].split(",")), new ConsumerRebalanceListener() {
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
          // All of them, also where a cooperative assignor names only the new ones.
          System.out.println("assigned " + text(consumer.assignment()));
        }
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
          System.out.println("revoked " + text(partitions));
        }
      });
      while (ended.isAlive()) consumer.poll(Duration.ofMillis(50));
    } catch (Exception error) {
      System.out.println("died " + error);
    }
  }

  static String text(Collection<TopicPartition> partitions) {
    return partitions.stream().map(TopicPartition::toString).sorted().collect(Collectors.joining(","));
  }
}
