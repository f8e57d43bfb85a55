import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A client as Java programs are: `KeystoreClient URL KEYSTORE TRUSTSTORE`, both PKCS #12 with the password `changeit`; `-` for none. */
public class KeystoreClient {
  public static void main(String[] arguments) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(arguments[1].equals("-") ? null : load(arguments[1]), PASSWORD);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(load(arguments[2]));
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(arguments[1].equals("-") ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
    HttpClient client = HttpClient.newBuilder().sslContext(context).build();
    var answer = client.send(HttpRequest.newBuilder(URI.create(arguments[0])).build(), BodyHandlers.ofString());
    System.out.println(answer.statusCode() + " " + answer.body());
  }

  private static final char[] PASSWORD = "changeit".toCharArray();

  private static KeyStore load(String file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (FileInputStream in = new FileInputStream(file)) { store.load(in, PASSWORD); }
    return store;
  }
}
