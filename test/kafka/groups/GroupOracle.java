import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Scanner;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.internals.AbstractPartitionAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;

/**
 * What Apache's own client makes of the questions on its standard input, a line each, answered by a line each.
 * Lists are `a,b`, empty ones `-`; partitions are `topic:0:1,other:3`.
 * assign ASSIGNOR topic:COUNT,… memberId/instanceId/topics …   (an instance id of `-` is none)
 * subscription VERSION topics USERDATA partitions GENERATION RACK → bytes in hex
 * assignment VERSION partitions USERDATA → bytes in hex
 * readSubscription HEX, readAssignment HEX → the fields, or `malformed`
 */
public class GroupOracle {
  public static void main(String[] arguments) {
    Scanner lines = new Scanner(System.in);
    StringBuilder answers = new StringBuilder();
    while (lines.hasNextLine()) answers.append(answer(lines.nextLine().split(" ")).replaceAll("\\R", "?")).append('\n');
    System.out.print(answers);
  }

  static String answer(String[] words) {
    switch (words[0]) {
      case "assign": return assign(words);
      case "subscription": return hex(ConsumerProtocol.serializeSubscription(subscription(words), Short.parseShort(words[1])));
      case "assignment": return hex(ConsumerProtocol.serializeAssignment(new Assignment(partitions(words[2]), userData(words[3])), Short.parseShort(words[1])));
      case "readSubscription":
        try {
          Subscription read = ConsumerProtocol.deserializeSubscription(bytes(words[1]));
          return String.join(" ", list(new TreeSet<>(read.topics())), userDataText(read.userData()), text(read.ownedPartitions()), read.generationId().orElse(-1).toString(), read.rackId().orElse("-"));
        } catch (RuntimeException malformed) { return "malformed"; }
      case "readAssignment":
        try {
          Assignment read = ConsumerProtocol.deserializeAssignment(bytes(words[1]));
          return String.join(" ", text(read.partitions()), userDataText(read.userData()));
        } catch (RuntimeException malformed) { return "malformed"; }
      default: throw new IllegalArgumentException(words[0]);
    }
  }

  static String assign(String[] words) {
    AbstractPartitionAssignor assignor = words[1].equals("range") ? new RangeAssignor() : new RoundRobinAssignor();
    Map<String, Integer> counts = new HashMap<>();
    for (String topic : items(words[2])) counts.put(topic.split(":")[0], Integer.parseInt(topic.split(":")[1]));
    Map<String, Subscription> members = new HashMap<>();
    for (int at = 3; at < words.length; at++) {
      String[] parts = words[at].split("/");
      Subscription subscription = new Subscription(items(parts[2]));
      if (!parts[1].equals("-")) subscription.setGroupInstanceId(Optional.of(parts[1]));
      members.put(parts[0], subscription);
    }
    StringBuilder answer = new StringBuilder();
    for (var entry : new TreeMap<>(assignor.assign(counts, members)).entrySet())
      answer.append(answer.length() == 0 ? "" : " ").append(entry.getKey()).append('=').append(text(entry.getValue()));
    return answer.toString();
  }

  static Subscription subscription(String[] words) {
    return new Subscription(items(words[2]), userData(words[3]), partitions(words[4]), Integer.parseInt(words[5]),
        words[6].equals("-") ? Optional.empty() : Optional.of(words[6]));
  }

  static List<String> items(String word) {
    return word.equals("-") ? List.of() : List.of(word.split(","));
  }

  static List<TopicPartition> partitions(String word) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String item : items(word)) {
      String[] parts = item.split(":");
      for (int at = 1; at < parts.length; at++) partitions.add(new TopicPartition(parts[0], Integer.parseInt(parts[at])));
    }
    return partitions;
  }

  /** Sorted, as Java writes them. */
  static String text(List<TopicPartition> partitions) {
    Map<String, StringBuilder> topics = new TreeMap<>();
    List<TopicPartition> sorted = new ArrayList<>(partitions);
    sorted.sort(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition));
    for (TopicPartition partition : sorted) topics.computeIfAbsent(partition.topic(), StringBuilder::new).append(':').append(partition.partition());
    return list(topics.values());
  }

  static String list(Iterable<? extends CharSequence> items) {
    String text = String.join(",", items);
    return text.isEmpty() ? "-" : text;
  }

  static ByteBuffer userData(String word) {
    return word.equals("null") ? null : bytes(word);
  }

  static String userDataText(ByteBuffer userData) {
    return userData == null ? "null" : hex(userData);
  }

  static ByteBuffer bytes(String word) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(word.substring(1)));
  }

  static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return "x" + HexFormat.of().formatHex(bytes);
  }
}
