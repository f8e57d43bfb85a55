import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** BOOTSTRAP TOPIC PARTITIONS END COUNT SECONDS: how often a second a native consumer can seek to a random offset and read so many records. */
public class NativeSeek {
  public static void main(String[] arguments) {
    String topic = arguments[1];
    int partitions = Integer.parseInt(arguments[2]);
    int end = Integer.parseInt(arguments[3]);
    int count = Integer.parseInt(arguments[4]);
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    properties.put("max.poll.records", Integer.toString(count));
    Random random = new Random(1);
    long reads = 0;
    try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      long startNs = 0;
      long endNs = Long.MAX_VALUE;
      for (int turn = 0; System.nanoTime() < endNs; turn++) {
        if (turn == 20) {
          startNs = System.nanoTime();
          endNs = startNs + Long.parseLong(arguments[5]) * 1_000_000_000L;
        }
        var partition = new TopicPartition(topic, random.nextInt(partitions));
        consumer.assign(List.of(partition));
        consumer.seek(partition, random.nextInt(end - count));
        for (int read = 0; read < count; ) read += consumer.poll(Duration.ofSeconds(5)).count();
        if (turn >= 20) reads++;
      }
      System.out.println(reads * 1e9 / (System.nanoTime() - startNs));
    }
  }
}
