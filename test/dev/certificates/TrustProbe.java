import java.io.FileInputStream;
import java.net.Proxy;
import java.net.URI;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.StringJoiner;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** CA-FILE URL…: the status of each, asked by a client that trusts this authority only. */
public class TrustProbe {
  public static void main(String[] arguments) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream file = new FileInputStream(arguments[0])) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    StringJoiner statuses = new StringJoiner(" ");
    for (int i = 1; i < arguments.length; i++) {
      var connection = (HttpsURLConnection) URI.create(arguments[i]).toURL().openConnection(Proxy.NO_PROXY);
      connection.setSSLSocketFactory(context.getSocketFactory());
      statuses.add(String.valueOf(connection.getResponseCode()));
    }
    System.out.println(statuses);
  }
}
