import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;

/** Wrote java-batches.json, with kafka-clients 4.3.1 and its libraries on the class path. */
public class JavaBatches {
  static SimpleRecord[] records(boolean headers) {
    byte[] value = new byte[90];
    Arrays.fill(value, (byte) 'z');
    Header[] some = {new RecordHeader("h", "x".getBytes()), new RecordHeader("n", (byte[]) null)};
    return new SimpleRecord[] {
      new SimpleRecord(1700000000000L, "k0".getBytes(), "v0".getBytes(), headers ? some : new Header[0]),
      new SimpleRecord(1700000000005L, null, "v1".getBytes()),
      new SimpleRecord(1699999999990L, "k2".getBytes(), null),
      new SimpleRecord(1700000000000L + 30L * 86400000L, "".getBytes(), value)
    };
  }

  static void print(String name, ByteBuffer batch) {
    byte[] bytes = new byte[batch.remaining()];
    batch.duplicate().get(bytes);
    System.out.println(name + " " + Base64.getEncoder().encodeToString(bytes));
  }

  static ByteBuffer marker(ControlRecordType type) {
    return MemoryRecords.withEndTransactionMarker(50, 1700000000000L, 0, 77, (short) 3, new EndTransactionMarker(type, 1)).buffer();
  }

  public static void main(String[] arguments) {
    for (CompressionType type : CompressionType.values()) {
      Compression codec = Compression.of(type).build();
      TimestampType create = TimestampType.CREATE_TIME;
      TimestampType append = TimestampType.LOG_APPEND_TIME;
      print("v2-" + type.name, MemoryRecords.withRecords((byte) 2, 40, codec, create, 77, (short) 3, 5, 2, false, records(true)).buffer());
      if (type == CompressionType.ZSTD) continue;
      print("v0-" + type.name, MemoryRecords.withRecords((byte) 0, 40, codec, create, records(false)).buffer());
      print("v1-" + type.name, MemoryRecords.withRecords((byte) 1, 40, codec, create, records(false)).buffer());
      print("v1-append-" + type.name, MemoryRecords.withRecords((byte) 1, 40, codec, append, records(false)).buffer());
    }
    print("abort", marker(ControlRecordType.ABORT));
    print("commit", marker(ControlRecordType.COMMIT));
    ByteBuffer empty = ByteBuffer.allocate(61);
    DefaultRecordBatch.writeEmptyHeader(
        empty, (byte) 2, 77, (short) 3, 0, 60, 60, 0, TimestampType.CREATE_TIME, 1700000000000L, true, true);
    empty.flip();
    print("emptycontrol", empty);
  }
}
