namespace Ingest.Tests.Commands;

/// <summary>The program as people misuse it: each mistake ends with the exit code of the README and a line that says what would be right.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-commands-").FullName;

    public static TheoryData<int, string, string[]> Mistakes => new()
    {
        { 2, "Required command was not provided", [] },
        { 2, "Unrecognized command or argument 'nonsense'", ["nonsense"] },
        { 2, "Unrecognized command or argument '--transfer'", ["demo", "--transfer", "5"] },
        { 2, "--transfers is 0. Give at least 1.", ["demo", "--transfers", "0"] },
        { 2, "Option '--topic' is required.", ["publish", "x.csv"] },
        { 2, "nofile.csv: there is no such file.", ["publish", "nofile.csv", "--topic", "t", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1"] },
        { 2, "No such configuration property: \"nonsense\"", ["publish", "x.csv", "--topic", "t", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1", "--Ingest:Kafka:Properties:nonsense=1"] },
        { 2, "'--rows' is not known here.", ["publish", "x.csv", "--topic", "t", "--rows", "5", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1"] },
        { 2, "the ending does not tell the format", ["publish", "x.txt", "--topic", "t", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1"] },
        { 2, "bad.yaml:3:9: 'format' is 'jsno'. Write one of: json, ndjson, csv.", ["validate", "bad.yaml"] },
        { 2, "nofile.json: there is no such file.", ["validate", "bad.yaml", "nofile.json"] },
        { 2, "There is no pool at", ["pool", "stats", "--pool", "nowhere"] },
        { 2, "There is no table in", ["pool", "verify", "--pool", "."] },
        { 2, "The query is empty.", ["pool", "sql", "", "--pool", "."] },
        { 2, "Ingest:Kafka:BootstrapServers is not set.", ["run"] },
        { 1, "No answer on port", ["health"] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_told_in_a_line_that_says_what_would_be_right(int code, string said, string[] arguments)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "x.csv"), "a,b\n1,2\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "x.txt"), "a,b\n1,2\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "bad.yaml"), EndToEnd.City.Contract.Replace("format: json", "format: jsno", StringComparison.Ordinal));
        var (exitCode, output, errors) = await WorkerProgram.RunAsync(_folder, arguments);
        Assert.Contains(said, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.True(exitCode == code, $"Exit code {exitCode}: {errors}{output}");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
