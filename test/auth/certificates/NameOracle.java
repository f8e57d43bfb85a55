import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Scanner;
import javax.security.auth.x500.X500Principal;
import org.apache.kafka.common.security.ssl.SslPrincipalMapper;

/**
 * What Java and Kafka make of the questions on its standard input, a line each, answered by a line of hex each.
 * `name HEX`: the RFC 2253 form of an encoded name. `map RULES NAME`, both in hex: the name of the principal; `-` for none.
 */
public class NameOracle {
  public static void main(String[] arguments) {
    Scanner lines = new Scanner(System.in);
    StringBuilder answers = new StringBuilder();
    while (lines.hasNextLine()) answers.append(answer(lines.nextLine().split(" "))).append('\n');
    System.out.print(answers);
  }

  static String answer(String[] words) {
    byte[] first = HexFormat.of().parseHex(words[1]);
    if (words[0].equals("name")) return hex(new X500Principal(first).getName());
    try {
      String rules = new String(first, StandardCharsets.UTF_8);
      String name = new String(HexFormat.of().parseHex(words[2]), StandardCharsets.UTF_8);
      return hex(SslPrincipalMapper.fromRules(rules).getName(name));
    } catch (SslPrincipalMapper.NoMatchingRule none) {
      return "-";
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }
}
