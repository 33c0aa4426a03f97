import com.google.gson.Gson;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** PACK_NAME.ACTION_NAME: reads its input as JSON from stdin and writes its result to the file that ATTUNE_RESULT names. */
public class CLASS_NAMEAction {
    private static class Input {
        String name;
    }

    private static class Result {
        String greeting;
    }

    private static Result run(Input given) {
        System.err.println("greeting " + given.name); // what is printed is the action's log
        Result result = new Result();
        result.greeting = "hello " + given.name;
        return result;
    }

    public static void main(String[] arguments) throws Exception {
        Gson gson = new Gson();
        Input given = gson.fromJson(new InputStreamReader(System.in, StandardCharsets.UTF_8), Input.class);
        Files.writeString(Path.of(System.getenv("ATTUNE_RESULT")), gson.toJson(run(given)));
    }
}
