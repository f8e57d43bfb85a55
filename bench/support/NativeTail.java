import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Properties;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * BOOTSTRAP TOPIC PARTITIONS: reads from the end on until its input is closed, then prints how long after they were due records came, in
 * milliseconds: the median and the 99th percentile. When a record was due stands at the beginning of its value.
 */
public class NativeTail {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    var partitions = IntStream.range(0, Integer.parseInt(arguments[2])).mapToObj(each -> new TopicPartition(arguments[1], each)).toList();
    double[] latencies = new double[1 << 20];
    int seen = 0;
    try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      partitions.forEach(consumer::position);
      System.out.println("ready");
      while (System.in.available() == 0) {
        for (var record : consumer.poll(Duration.ofMillis(100))) {
          long dueUs = Long.parseLong(new String(record.value(), 4, 16));
          latencies[seen++] = (ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()) - dueUs) / 1000.0;
        }
      }
    }
    Arrays.sort(latencies, 0, seen);
    System.out.println(latencies[seen / 2] + " " + latencies[seen * 99 / 100]);
  }
}
