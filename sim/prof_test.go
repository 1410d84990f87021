package sim
import ("testing";"time";"fmt";"syscall")
func cpu() float64 { var u syscall.Rusage; syscall.Getrusage(0,&u); return float64(u.Utime.Sec)+float64(u.Utime.Usec)/1e6+float64(u.Stime.Sec)+float64(u.Stime.Usec)/1e6 }
func TestProf(t *testing.T){
 cfg:=Config{Nodes:400,Blocks:200,Seed:1,Interval:10*time.Second,Delay:Uniform(50*time.Millisecond,150*time.Millisecond),Topology:Random,Degree:3,Payments:true}
 b:=time.Now()
 r,err:=Run(t.Context(),cfg)
 fmt.Println(time.Since(b), r.Events, err, cpu(), "us/nodeblock", cpu()/80000*1e6)
}
