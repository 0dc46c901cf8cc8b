#Requires -Version 5.1
<#
.SYNOPSIS
Has Windows run monitor once an hour, at 5 minutes past, or stops that.

.DESCRIPTION
Registers a task named "Smartlead monitor" with the Task Scheduler, under your account and with no more
than its ordinary rights. It makes up for a check that was missed, starts none while another is under
way, and ends one after 15 minutes.

In a PowerShell that runs as administrator the task runs whether you are logged on or not. No password
is stored: Windows logs you on without one (S4U), which gives access to this machine's files and to the
internet, but not to network drives or to files encrypted with EFS. Without administrator the task runs
only while you are logged on. It is not run as SYSTEM, for then whoever can write to the folder could
become SYSTEM.

It may be run again: it replaces the task.

.PARAMETER InstallDir
The folder with monitor.exe and its settings. If absent, it is the folder of this script, or the one
above it.

.PARAMETER Remove
Removes the task. Program, settings and data stay.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File .\setup_scheduler.ps1

.EXAMPLE
powershell -ExecutionPolicy Bypass -File .\setup_scheduler.ps1 -Remove
#>
[CmdletBinding()]
param(
    [string] $InstallDir,
    [switch] $Remove
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# This file is ASCII: Windows PowerShell 5.1 takes a file without a byte order mark for ANSI.

$taskName = 'Smartlead monitor'

# The cmdlets for tasks live in a module, and do not see the preference above.
$stop = @{ ErrorAction = 'Stop' }

function Assert-Scheduler {
    if ([Environment]::OSVersion.Platform -ne [PlatformID]::Win32NT) {
        throw 'This is for Windows. On Linux use install.sh.'
    }
    if ($null -eq (Get-Command -Name Register-ScheduledTask -ErrorAction SilentlyContinue)) {
        throw ('This Windows has no ScheduledTasks module, and Windows 10 or Server 2016 is the oldest ' +
            'that monitor runs on. Make a task by hand that runs "monitor.exe --quiet" in its folder.')
    }
}

function Get-MonitorTask {
    # Asked for by its name, a task that is absent would be an error like any other.
    Get-ScheduledTask @stop | Where-Object { $_.TaskName -eq $taskName -and $_.TaskPath -eq '\' }
}

function Unregister-MonitorTask {
    if ($null -eq (Get-MonitorTask)) {
        Write-Host "There is no task `"$taskName`"; nothing to remove."
        return
    }
    try {
        Unregister-ScheduledTask -TaskName $taskName -TaskPath '\' -Confirm:$false @stop
    } catch {
        throw ("The task `"$taskName`" cannot be removed: $($_.Exception.Message) " +
            'If an administrator set it up, use a PowerShell that runs as administrator.')
    }
    Write-Host "The task `"$taskName`" is removed. Program, settings and data stay."
}

# The folder that has monitor.exe.
function Find-Folder {
    if ($InstallDir) {
        $folders = @($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($InstallDir))
    } else {
        $folders = @($PSScriptRoot, [IO.Path]::GetFullPath((Join-Path $PSScriptRoot '..')))
    }
    foreach ($folder in $folders) {
        if (Test-Path -LiteralPath (Join-Path $folder 'monitor.exe') -PathType Leaf) {
            return $folder
        }
    }
    throw ("There is no monitor.exe in $($folders -join ' or '). " +
        'Run setup_windows.ps1 first, or name its folder with -InstallDir.')
}

function Assert-LocalDrive {
    param([string] $Folder)
    $isShare = $Folder.StartsWith('\\')
    if ($isShare -or [IO.DriveInfo]::new([IO.Path]::GetPathRoot($Folder)).DriveType -eq 'Network') {
        throw "$Folder is on a network drive, which the task could not reach. Choose another folder."
    }
}

# Registers the task for this user. LogonType: S4U, or Interactive for while the user is logged on.
function Register-MonitorTask {
    param([string] $Folder, [string] $User, [string] $LogonType, [datetime] $Start)
    $action = New-ScheduledTaskAction @stop -Execute "`"$(Join-Path $Folder 'monitor.exe')`"" `
        -Argument '--quiet' -WorkingDirectory $Folder
    # Without a duration it repeats for ever; [TimeSpan]::MaxValue is refused since Windows 10.
    $trigger = New-ScheduledTaskTrigger @stop -Once -At $Start -RepetitionInterval (New-TimeSpan -Hours 1)
    $settings = New-ScheduledTaskSettingsSet @stop -StartWhenAvailable -MultipleInstances IgnoreNew `
        -ExecutionTimeLimit (New-TimeSpan -Minutes 15) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
    $principal = New-ScheduledTaskPrincipal @stop -UserId $User -LogonType $LogonType -RunLevel Limited
    Register-ScheduledTask @stop -TaskName $taskName -TaskPath '\' -Force `
        -Description 'Tells Slack about mailboxes in Smartlead that have lost their connection.' `
        -Action $action -Trigger $trigger -Settings $settings -Principal $principal | Out-Null
}

function Install-MonitorTask {
    $folder = Find-Folder
    Assert-LocalDrive $folder
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    if ($identity.IsSystem) {
        throw 'This runs as SYSTEM, and monitor shall not. Run it as the user whose settings they are.'
    }
    $principal = New-Object Security.Principal.WindowsPrincipal $identity
    $elevated = $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)

    $now = Get-Date
    $start = $now.Date.AddHours($now.Hour).AddMinutes(5)
    if ($start -le $now) {
        $start = $start.AddHours(1)
    }

    $logonType = 'Interactive'
    $why = 'This PowerShell does not run as administrator.'
    if ($elevated) {
        try {
            Register-MonitorTask $folder $identity.Name 'S4U' $start
            $logonType = 'S4U'
        } catch {
            $why = "Windows refused: $($_.Exception.Message)"
        }
    }
    $when = 'whether you are logged on or not'
    if ($logonType -eq 'Interactive') {
        try {
            Register-MonitorTask $folder $identity.Name $logonType $start
        } catch {
            throw ("The task cannot be registered: $($_.Exception.Message) " +
                'Use a PowerShell that runs as administrator.')
        }
        $when = 'only while you are logged on'
        Write-Warning "The task runs $when. $why"
    }

    Write-Host @"
monitor checks once an hour, first at $($start.ToString('HH:mm')), $when.

  task      $taskName
  runs as   $($identity.Name)
  in        $folder

  run it now       Start-ScheduledTask -TaskName '$taskName'
  how it ended     (Get-ScheduledTaskInfo -TaskName '$taskName').LastTaskResult
  remove the task  powershell -ExecutionPolicy Bypass -File "$PSCommandPath" -Remove
"@
}

try {
    Assert-Scheduler
    if ($Remove) {
        Unregister-MonitorTask
    } else {
        Install-MonitorTask
    }
} catch {
    Write-Verbose $_.ScriptStackTrace
    $Host.UI.WriteErrorLine("setup_scheduler: $($_.Exception.Message)")
    exit 1
}
