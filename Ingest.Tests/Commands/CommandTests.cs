using System.Net;
using System.Net.Sockets;

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
        { 2, "'--rows' is not known here. Did you mean --rows-per-transfer?", ["publish", "x.csv", "--topic", "t", "--rows", "5", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1"] },
        { 2, "the ending does not tell the format", ["publish", "x.txt", "--topic", "t", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1"] },
        { 2, "bad.yaml:3:9: 'format' is 'jsno'. Write one of: json, ndjson, csv.", ["validate", "bad.yaml"] },
        { 2, "There are no contracts at 'nofile.yaml': no such file or folder. Give a YAML file or a folder of them.", ["validate", "nofile.yaml"] },
        { 2, "--rows is -5. Give at least 0.", ["validate", "bad.yaml", "--rows", "-5"] },
        { 2, ".: that is a folder. Name the files in it.", ["validate", "bad.yaml", "."] },
        { 2, "with Ingest:Contracts.", ["run", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1"] },
        { 2, "No such configuration property: \"foo.bar\". Check Ingest:Kafka:Properties.", ["run", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1", "--Ingest:Kafka:Properties:foo.bar=1"] },
        { 2, "Cannot parse argument 'many' for option '--rows'. Give a whole number.", ["validate", "bad.yaml", "--rows", "many"] },
        { 2, "Cannot parse argument 'week' for option '--retain'. Give days, such as 7d, or a time as days.hours:minutes:seconds, such as 7.00:00:00.", ["pool", "vacuum", "--retain", "week"] },
        { 2, "There is no command 'ledger'. Did you mean 'pool ledger'?", ["ledger", "--pool", "p"] },
        { 2, "There is no command 'replay'. Did you mean 'quarantine replay'?", ["replay"] },
        { 2, "--delimiter is 'ab'. Give one ASCII character that is no quote", ["publish", "x.csv", "--topic", "t", "--delimiter", "ab", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1"] },
        { 2, "Give csv or ndjson or json.", ["publish", "x.csv", "--topic", "t", "--format", "xml"] },
        { 2, "nofile.json: there is no such file.", ["validate", "bad.yaml", "nofile.json"] },
        { 2, "There is no pool at", ["pool", "stats", "--pool", "nowhere"] },
        { 2, "There is no table in", ["pool", "verify", "--pool", "."] },
        { 2, "The query is empty.", ["pool", "sql", "", "--pool", "."] },
        { 2, "Ingest:Kafka:BootstrapServers is not set.", ["run"] },
        { 1, "If the worker's port is another one, give it as Ingest__Health__Port in the environment.", ["health"] },
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

    [Fact]
    public async Task A_health_port_that_is_taken_is_told_before_anything_is_started()
    {
        using var other = new TcpListener(IPAddress.IPv6Any, 0);
        other.Server.DualMode = true;
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var (exitCode, output, errors) = await RunWithContractAsync($"--Ingest:Health:Port={port}");
        Assert.Equal($"Ingest:Health:Port {port} is taken. Give another, or 0 for none.\nNot started: 1 error in the configuration or the contracts.\n", errors);
        Assert.Equal((2, ""), (exitCode, output));
    }

    [Fact]
    public async Task A_folder_of_index_copies_that_cannot_be_written_is_told_before_anything_starts()
    {
        var taken = Path.Combine(_folder, "taken");
        await File.WriteAllTextAsync(taken, "");
        var (exitCode, output, errors) = await RunWithContractAsync("--Ingest:Health:Port=0", $"--Ingest:Table:IndexCache={taken}");
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains($"Ingest:Table:IndexCache is '{taken}', which cannot be written: ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_whose_account_nobody_names_is_told_in_a_line()
    {
        var (exitCode, output, errors) = await RunWithContractAsync("--Ingest:Health:Port=0", "--Ingest:Pool=az://c/p");
        Assert.Contains("account", errors, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", errors + output, StringComparison.Ordinal);
        Assert.True(exitCode == 2, $"Exit code {exitCode}: {errors}{output}");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<(int ExitCode, string Output, string Errors)> RunWithContractAsync(params string[] arguments)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "payments.yaml"), EndToEnd.City.Contract);
        return await WorkerProgram.RunAsync(_folder, ["run", "--Ingest:Contracts=payments.yaml", "--Ingest:Kafka:BootstrapServers=127.0.0.1:1", .. arguments]);
    }
}
