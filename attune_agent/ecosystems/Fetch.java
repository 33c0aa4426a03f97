import java.io.IOException;
import java.math.BigInteger;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Fetches exactly the files of a checksum list (lines of `sha256sum`: digest, white space, path in a Maven repository) into `lib` of the
 * folder in which it runs, and writes there the argument file `class-path`. Run by java.py with the host's JDK as
 * `java Fetch.java LIST CACHE`; no file that has another digest is ever kept.
 * Variables: MAVEN_REPOSITORY (address), SSL_CERT_FILE (PEM bundle), https_proxy, http_proxy, no_proxy. Who we are at the repository stands
 * in `.netrc` in HOME, one line a host.
 */
public class Fetch {
    private static final int AT_ONCE = 6, TRIES = 3;
    private static final Duration CONNECT = Duration.ofSeconds(30), ANSWER = Duration.ofMinutes(10);

    private final HttpClient client;
    private final String repository;
    private final String authorization;
    private final Path lib = Path.of("lib").toAbsolutePath();
    private final Path cache;

    private Fetch(URI repository, Path cache) throws Exception {
        this.repository = repository.toString().replaceFirst("/*$", "/");
        this.authorization = authorization(repository.getHost());
        this.cache = cache;
        HttpClient.Builder builder = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).connectTimeout(CONNECT);
        String trusted = System.getenv("SSL_CERT_FILE");
        if (trusted != null) {
            builder.sslContext(trusting(Path.of(trusted)));
        }
        String proxy = variable(repository.getScheme() + "_proxy");
        if (proxy != null) {
            goThrough(builder, URI.create(proxy));
        }
        this.client = builder.build();
    }

    public static void main(String[] arguments) throws Exception {
        List<String[]> wanted = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(arguments[0]), StandardCharsets.UTF_8)) {
            if (!line.isBlank() && !line.startsWith("#")) {
                wanted.add(line.strip().split("\\s+\\*?", 2));
            }
        }
        if (!wanted.isEmpty()) {
            Path cache = Files.createDirectories(Path.of(arguments[1]));
            if (!new Fetch(URI.create(System.getenv("MAVEN_REPOSITORY")), cache).all(wanted)) {
                System.exit(1);
            }
        }
        StringBuilder classPath = new StringBuilder("-cp \"").append(Path.of("classes").toAbsolutePath());
        wanted.forEach(one -> classPath.append(':').append(Path.of("lib", one[1]).toAbsolutePath()));
        Files.writeString(Path.of("class-path"), classPath.append("\"\n"));
    }

    private boolean all(List<String[]> wanted) throws InterruptedException {
        var pool = Executors.newFixedThreadPool(AT_ONCE);
        List<Future<String>> results = new ArrayList<>();
        for (String[] one : wanted) {
            results.add(pool.submit(() -> one(one[0], one[1])));
        }
        boolean whole = true;
        for (int index = 0; index < wanted.size(); index++) {
            String wrong;
            try {
                wrong = results.get(index).get();
            } catch (java.util.concurrent.ExecutionException error) {
                wrong = error.getCause().toString();
            }
            System.out.println(wanted.get(index)[1] + (wrong == null ? "" : ": " + wrong));
            whole &= wrong == null;
        }
        pool.shutdown();
        return whole;
    }

    /** Puts one file in its place; returns what is wrong, or null. */
    private String one(String digest, String path) throws IOException, InterruptedException {
        Path kept = cache.resolve(digest);
        Path place = lib.resolve(path);
        Files.createDirectories(place.getParent());
        String wrong = null;
        for (int number = 0; !copied(kept, place, digest) && number < TRIES; number++) {
            wrong = download(digest, path, kept);
            if (wrong != null && wrong.startsWith("!")) {
                return wrong.substring(1);
            }
        }
        return Files.exists(place) ? null : wrong;
    }

    /** Copies from the cache and looks at the copy: the cache is a place in which only digests are believed. */
    private static boolean copied(Path kept, Path place, String digest) throws IOException {
        if (!Files.isRegularFile(kept)) {
            return false;
        }
        Files.copy(kept, place, StandardCopyOption.REPLACE_EXISTING);
        if (digestOf(place).equals(digest)) {
            return true;
        }
        Files.delete(place);
        Files.delete(kept);
        return false;
    }

    /** Returns what is wrong, or null; with a leading `!` when trying again is no use. */
    private String download(String digest, String path, Path kept) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(repository + path)).timeout(ANSWER);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        Path part = cache.resolve("part-" + UUID.randomUUID()); // no createTempFile: what it makes is for its user alone
        try {
            int status = client.send(request.build(), HttpResponse.BodyHandlers.ofFile(part)).statusCode();
            if (status != 200) {
                return (status < 500 && status != 408 && status != 429 ? "!" : "") + "the repository answered " + status;
            }
            String found = digestOf(part);
            if (!found.equals(digest)) {
                return "!the checksum is " + found + ", not " + digest;
            }
            Files.move(part, kept, StandardCopyOption.ATOMIC_MOVE);
            return null;
        } catch (IOException error) {
            return error.toString();
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static String digestOf(Path file) throws IOException {
        try {
            return String.format("%064x", new BigInteger(1, MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file))));
        } catch (java.security.NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static SSLContext trusting(Path bundle) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var stream = Files.newInputStream(bundle)) {
            int number = 0;
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(stream)) {
                store.setCertificateEntry("trusted-" + number++, certificate);
            }
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static void goThrough(HttpClient.Builder builder, URI proxy) {
        int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
        Proxy through = new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), port));
        builder.proxy(new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                return List.of(isLocal(uri.getHost()) ? Proxy.NO_PROXY : through);
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException error) {
            }
        });
        if (proxy.getUserInfo() != null) {
            String[] user = proxy.getUserInfo().split(":", 2);
            builder.authenticator(new Authenticator() {
                @Override
                protected PasswordAuthentication getPasswordAuthentication() {
                    return getRequestorType() == RequestorType.PROXY ? new PasswordAuthentication(user[0], user[user.length - 1].toCharArray()) : null;
                }
            });
        }
    }

    private static boolean isLocal(String host) {
        String named = variable("no_proxy");
        for (String one : named == null ? new String[0] : named.split("\\s*,\\s*")) {
            if (one.equals("*") || host.equals(one) || !one.isEmpty() && host.endsWith("." + one.replaceFirst("^\\.", ""))) {
                return true;
            }
        }
        return false;
    }

    private static String variable(String name) {
        Map<String, String> all = System.getenv();
        String value = all.getOrDefault(name, all.get(name.toUpperCase(Locale.ROOT)));
        return value == null || value.isBlank() ? null : value;
    }

    private static String authorization(String host) throws IOException {
        Path file = Path.of(System.getenv("HOME"), ".netrc");
        for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
            String[] words = line.split(" "); // machine HOST login USER password PASSWORD
            if (words.length == 6 && words[1].equals(host)) {
                return "Basic " + Base64.getEncoder().encodeToString((words[3] + ":" + words[5]).getBytes(StandardCharsets.UTF_8));
            }
        }
        return null;
    }
}
