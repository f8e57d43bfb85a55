import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A consumer of Apache's own client in a group with others: `CoMember BOOTSTRAP GROUP TOPIC`. A line for each event: `assigned`,
 * `revoked`; for each partition of a poll `read PARTITION FROM TO FIRST-VALUE`; `died …`. It commits what it has read, and
 * leaves when its input ends.
 */
public class CoMember {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    properties.put("group.id", arguments[1]);
    properties.put("auto.offset.reset", "earliest");
    properties.put("enable.auto.commit", "false");
    properties.put("isolation.level", "read_committed");
    Thread ended = new Thread(() -> { try { while (System.in.read() >= 0); } catch (Exception over) { } });
    ended.setDaemon(true);
    ended.start();
    try (var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(arguments[2]), new ConsumerRebalanceListener() {
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
          System.out.println("assigned");
        }
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
          System.out.println("revoked");
        }
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
          System.out.println("revoked");
        }
      });
      while (ended.isAlive()) {
        var records = consumer.poll(Duration.ofMillis(100));
        for (TopicPartition place : records.partitions()) {
          var own = records.records(place);
          var first = own.get(0);
          long end = own.get(own.size() - 1).offset() + 1;
          System.out.println("read " + place.partition() + " " + first.offset() + " " + end + " " + first.value());
        }
        if (records.isEmpty()) continue;
        try {
          consumer.commitSync();
        } catch (CommitFailedException | RebalanceInProgressException late) {
          System.out.println("uncommitted");
        }
      }
    } catch (Exception error) {
      System.out.println("died " + error);
    }
  }
}
