using System.Text;

namespace Ingest.Tests.EndToEnd;

/// <summary>CSV as departments send it: spreadsheets' exports, with a mark, quotes, another header tomorrow, and codes that became numbers.</summary>
public sealed class CsvTransfersTests
{
    private static readonly string s_contract = City.Contract.Replace("format: json", "format: csv", StringComparison.Ordinal) + "\n  - { name: zip, source: 邮编, type: string, normalize: [trim, nfkc, code] }";

    [Fact]
    public async Task Mark_quotes_line_ends_and_codes_from_a_spreadsheet_become_clean_values()
    {
        using var city = new City(s_contract);
        city.Publish("\uFEFFid,amount,paid_on,邮编\r\n\" A1 \",\"1,234.50\",2026/3/2,610500.0\r\n\"A\"\"2\",,2026年3月3日,０１０１００\r\n");
        await city.CatchUpAsync();
        Assert.Equal(["A\"2|null|2026-03-03|010100", "A1|1234.50|2026-03-02|610500"], await city.SqlAsync("select id, amount, strftime(paid_on, '%Y-%m-%d'), zip from payments order by id"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task Columns_may_come_go_and_move_and_strangers_are_kept()
    {
        using var city = new City(s_contract);
        city.Publish("id,paid_on\nA1,2026-03-02\n");
        city.Publish("邮编,备注,paid_on,id\n1,neu,2026-03-02,A2\n");
        city.Publish("paid_on,id\n2026-03-02,A1\n"); // the first again, in another order
        await city.CatchUpAsync();
        Assert.Equal(["A1|null|null", "A2|1|{\"备注\":\"neu\"}"], await city.SqlAsync("select id, zip, _rescued from payments order by id"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_row_that_does_not_fit_is_refused_alone_with_its_bytes()
    {
        using var city = new City(s_contract);
        city.Publish(Encoding.UTF8.GetBytes("id,paid_on\nA1,2026-03-02\nA2,2026-03-02,too,many\nA3,2026-03-02\n"));
        await city.CatchUpAsync();
        Assert.Equal(["A1", "A3"], await city.SqlAsync("select id from payments order by id"));
        Assert.Equal(["csv-malformed|1|A2,2026-03-02,too,many"], await city.SqlAsync("select reason, _position, trim(decode(raw), chr(10)) from quarantine"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_department_that_claims_to_be_another_is_refused_and_counted_under_its_own_name()
    {
        using var city = new City(City.Contract.Replace("department: housing }", "department: housing, claim: { field: dept, equals: H1 } }", StringComparison.Ordinal));
        city.Publish("""[{"dept":"H1","id":"A","paid_on":"2026-03-02"},{"dept":"H2","id":"B","paid_on":"2026-03-02"},{"id":"C","paid_on":"2026-03-02"}]""");
        var status = await city.CatchUpAsync();
        Assert.Equal((1, 2), (status.Written, status.Quarantined));
        Assert.Equal(["department-mismatch|housing|1", "department-mismatch|housing|2"], await city.SqlAsync("select reason, department, _position from quarantine order by _position"));
        await city.AssertAccountedAsync();
    }
}
