import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What an operator does to a cluster, by Apache's own clients: `java -cp libs/* Operator.java BOOTSTRAP`, a command a line, each answered by lines and a dot. */
public class Operator {
  static String bootstrap;
  static Admin admin;

  public static void main(String[] arguments) throws Exception {
    bootstrap = arguments[0];
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    // A frozen broker is passed over for another.
    properties.put("request.timeout.ms", "4000");
    admin = Admin.create(properties);
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      try {
        run(line.split(" "));
        System.out.println(".");
      } catch (ExecutionException error) {
        System.out.println("! " + error.getCause().toString().replace('\n', ' '));
      } catch (Exception error) {
        System.out.println("! " + error.toString().replace('\n', ' '));
      }
    }
    admin.close(Duration.ZERO);
  }

  static void run(String[] words) throws Exception {
    switch (words[0]) {
      case "create" -> create(words[1], words[2], Arrays.copyOfRange(words, 3, words.length));
      case "delete" -> admin.deleteTopics(List.of(words[1])).all().get();
      case "partitions" -> admin.createPartitions(Map.of(words[1], NewPartitions.increaseTo(Integer.parseInt(words[2])))).all().get();
      case "reassign" -> reassign(new TopicPartition(words[1], Integer.parseInt(words[2])), nodes(words[3]));
      case "moving" -> System.out.println(admin.listPartitionReassignments().reassignments().get().size());
      case "elect" -> elect(new TopicPartition(words[1], Integer.parseInt(words[2])));
      case "trim" -> trim(new TopicPartition(words[1], Integer.parseInt(words[2])), Long.parseLong(words[3]));
      case "local-start" -> localStart(new TopicPartition(words[1], Integer.parseInt(words[2])));
      case "quota" -> quota(words[1], words[2], Double.parseDouble(words[3]));
      case "config" -> config(ConfigResource.Type.TOPIC, words[1], words[2], words[3]);
      case "broker-config" -> config(ConfigResource.Type.BROKER, words[1], words[2], words[3]);
      case "scram" -> scram(words[1], ScramMechanism.fromMechanismName(words[2]), words[3]);
      case "describe" -> describe(words[1]);
      case "behind" -> behind();
      case "dump" -> dump(words[1], Path.of(words[2]));
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  static void localStart(TopicPartition partition) throws Exception {
    var found = admin.listOffsets(Map.of(partition, OffsetSpec.earliestLocal()));
    System.out.println(found.partitionResult(partition).get().offset());
  }

  static List<Integer> nodes(String list) {
    return Arrays.stream(list.split(",")).map(Integer::valueOf).toList();
  }

  /** Replicas by partition: `1,2,3;2,3,1`, or a count of partitions with the cluster's defaults. */
  static void create(String name, String layout, String[] settings) throws Exception {
    NewTopic topic;
    if (layout.contains(",") || layout.contains(";")) {
      Map<Integer, List<Integer>> replicas = new HashMap<>();
      for (String partition : layout.split(";")) replicas.put(replicas.size(), nodes(partition));
      topic = new NewTopic(name, replicas);
    } else topic = new NewTopic(name, Optional.of(Integer.parseInt(layout)), Optional.empty());
    Map<String, String> configs = new HashMap<>();
    for (String setting : settings) configs.put(setting.split("=")[0], setting.split("=")[1]);
    admin.createTopics(List.of(topic.configs(configs))).all().get();
  }

  static void reassign(TopicPartition partition, List<Integer> replicas) throws Exception {
    admin.alterPartitionReassignments(Map.of(partition, Optional.of(new NewPartitionReassignment(replicas)))).all().get();
  }

  /** To the first of the replicas that is in sync. */
  static void elect(TopicPartition partition) throws Exception {
    try {
      admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).all().get();
    } catch (ExecutionException error) {
      if (!(error.getCause() instanceof ElectionNotNeededException)) throw error;
    }
  }

  static void trim(TopicPartition partition, long offset) throws Exception {
    admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(offset))).all().get();
  }

  /** `producer_byte_rate` and the like, of one client id. */
  static void quota(String clientId, String name, double value) throws Exception {
    var entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, clientId));
    var change = new ClientQuotaAlteration.Op(name, value < 0 ? null : value);
    admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(change)))).all().get();
  }

  static void config(ConfigResource.Type type, String of, String name, String value) throws Exception {
    var resource = new ConfigResource(type, of);
    var change = new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
  }

  static void scram(String user, ScramMechanism mechanism, String password) throws Exception {
    var credential = new ScramCredentialInfo(mechanism, 4096);
    admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(user, credential, password))).all().get();
  }

  /** `partition leader replicas in-sync-replicas`, a line each; leader −1: none. */
  static void describe(String topic) throws Exception {
    for (var partition : admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()) {
      int leader = partition.leader() == null ? -1 : partition.leader().id();
      System.out.println(partition.partition() + " " + leader + " " + ids(partition.replicas()) + " " + ids(partition.isr()));
    }
  }

  static String ids(List<org.apache.kafka.common.Node> nodes) {
    return String.join(",", nodes.stream().map(node -> Integer.toString(node.id())).toList());
  }

  /** How many partitions lack a leader or an in-sync replica. */
  static void behind() throws Exception {
    int count = 0;
    for (var topic : admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get().values()) {
      for (var partition : topic.partitions()) {
        if (partition.leader() == null || partition.isr().size() < partition.replicas().size()) count++;
      }
    }
    System.out.println(count);
  }

  /** The whole topic, committed records, `partition \t offset \t key \t value` a line. */
  static void dump(String topic, Path file) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("isolation.level", "read_committed");
    try (var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
        BufferedWriter out = Files.newBufferedWriter(file)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (var info : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, info.partition()));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          out.write(record.partition() + "\t" + record.offset() + "\t" + record.key() + "\t" + record.value() + "\n");
        }
      }
    }
  }
}
